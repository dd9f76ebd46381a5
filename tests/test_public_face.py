"""The contract of `import livefilter`: its names, its types, its weight."""

from __future__ import annotations

import ast
import importlib
import importlib.metadata
import inspect
import re
import subprocess
import sys
from pathlib import Path

import pytest

import livefilter
from livefilter import errors

PACKAGE = Path(livefilter.__file__).parent
CONTRACT = {
    "EdgeScore", "Encoding", "Filter", "Filtered", "Frame", "Kernel", "LivefilterError", "Preset", "Progress",
    "Source", "SourceOptions", "Summary", "Trim", "convolve", "correlate", "edge_score", "filter_frames",
    "list_presets", "load_preset", "open_source", "parse_time", "process", "response", "score",
}  # fmt: skip
HEAVY = ("numba", "cv2", "numpy", "av", "pydantic", "ruamel", "matplotlib")


def run(code: str) -> str:
    """Return what a fresh Python prints."""
    return subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True, timeout=100
    ).stdout.strip()


def test_the_promised_names_are_there() -> None:
    """A name once public stays; a new one is added here on purpose."""
    assert set(livefilter.__all__) == CONTRACT
    assert livefilter.__all__ == sorted(livefilter.__all__)


@pytest.mark.parametrize("name", livefilter.__all__)
def test_every_public_name_can_be_had_and_is_documented(name: str) -> None:
    """Each is there when asked for, and says in a sentence what it does."""
    value = getattr(livefilter, name)
    assert value is getattr(livefilter, name)
    documentation = inspect.getdoc(value)
    assert documentation
    assert documentation.splitlines()[0].endswith((".", ":"))


@pytest.mark.parametrize("name", sorted(CONTRACT))
def test_every_public_function_and_method_has_a_docstring_and_types(name: str) -> None:
    """Also the public methods of public classes."""
    value = getattr(livefilter, name)
    members = [value] if inspect.isfunction(value) else []
    if inspect.isclass(value):
        own = [member for key, member in vars(value).items() if not key.startswith("_")]
        members = [member for member in own if inspect.isfunction(member)]
    for member in members:
        assert inspect.getdoc(member), member
        assert inspect.signature(member).return_annotation is not inspect.Signature.empty, member


LAZY = [file for file in sorted(PACKAGE.rglob("__init__.py")) if "lazy_exports(" in file.read_text(encoding="utf-8")]


@pytest.mark.parametrize("file", LAZY, ids=lambda file: file.parent.name)
def test_lazy_names_are_the_same_for_type_checkers_and_at_run_time(file: Path) -> None:
    """The imports under TYPE_CHECKING, the table of lazy exports and ``__all__`` name the same things and modules."""
    package = ".".join(["livefilter", *file.parent.relative_to(PACKAGE).parts])
    tree = ast.parse(file.read_text(encoding="utf-8"))
    (block,) = [node for node in tree.body if isinstance(node, ast.If)]
    typed = {
        (f"{node.module}", alias.name)
        for node in block.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    (call,) = [node for node in ast.walk(block) if isinstance(node, ast.Call) and node.args]
    table = ast.literal_eval(call.args[1])
    lazy = [(f"{package}.{module}", name) for module, names in table.items() for name in names]
    assert set(lazy) == typed
    assert len(lazy) == len(typed)
    module = importlib.import_module(package)
    names = {name for _, name in lazy}
    assert names <= set(module.__all__) <= set(dir(module))
    for name in module.__all__:
        assert getattr(module, name) is not None


def test_importing_livefilter_loads_nothing_heavy() -> None:
    """`livefilter --help` must be instant, so rooms load when they are first asked for."""
    loaded = run("import sys, livefilter; livefilter.__version__; print(' '.join(sys.modules))").split()
    assert not [module for module in HEAVY if module in loaded]


def test_presets_and_kernels_load_neither_numba_nor_opencv() -> None:
    """The rooms below the compiler stay light."""
    loaded = run("import sys, livefilter; livefilter.load_preset('edge'); print(' '.join(sys.modules))").split()
    assert not [module for module in ("numba", "cv2", "av") if module in loaded]


def test_a_star_import_gives_the_public_names() -> None:
    """All of them, and nothing else."""
    names = run("from livefilter import *; print(' '.join(name for name in dir() if not name.startswith('_')))").split()
    assert set(names) == CONTRACT


def test_dir_lists_the_public_names_before_they_are_loaded() -> None:
    """Completion in a shell shows them."""
    assert set(run("import livefilter; print(' '.join(dir(livefilter)))").split()) >= CONTRACT


def test_an_unknown_name_is_an_attribute_error() -> None:
    """As of any module."""
    with pytest.raises(AttributeError, match="module 'livefilter' has no attribute 'blurr'"):
        livefilter.blurr  # type: ignore[attr-defined]  # noqa: B018


def test_the_package_is_typed() -> None:
    """py.typed travels with it, so type checkers read its annotations."""
    assert (PACKAGE / "py.typed").is_file()


def test_the_version_is_the_installed_one() -> None:
    """A plain MAJOR.MINOR.PATCH, the same in pip's eyes where livefilter is installed."""
    assert re.fullmatch(r"\d+\.\d+\.\d+", livefilter.__version__)
    try:
        installed = importlib.metadata.version("livefilter")
    except importlib.metadata.PackageNotFoundError:
        pytest.skip("livefilter is not installed, it runs from its folder")
    assert livefilter.__version__ == installed


def test_every_error_is_a_livefilter_error_and_drawn_in_the_tree() -> None:
    """One except catches all, the builtin fits too, and the drawing in errors.py is complete."""
    found = [value for value in vars(errors).values() if inspect.isclass(value)]
    drawn = dict(re.findall(r"(\w+Error)\b.*?(?:\((\w+)\))?$", errors.__doc__ or "", flags=re.MULTILINE))
    assert {error.__name__ for error in found} <= set(drawn)
    for error in found:
        assert issubclass(error, errors.LivefilterError)
        if drawn[error.__name__]:
            assert drawn[error.__name__] in {base.__name__ for base in error.__mro__}


def test_the_library_neither_prints_nor_configures_logging() -> None:
    """Standard output belongs to the caller: only the command line prints."""
    library = [file for file in PACKAGE.rglob("*.py") if not {"cli", "testing"} & set(file.relative_to(PACKAGE).parts)]
    assert library
    for file in library:
        calls = [
            node.func for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))) if isinstance(node, ast.Call)
        ]
        names = {
            call.id if isinstance(call, ast.Name) else call.attr
            for call in calls
            if isinstance(call, ast.Name | ast.Attribute)
        }
        assert not names & {"print", "basicConfig"}, file
