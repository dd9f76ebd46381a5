"""Rooms have doors: private modules are imported only inside their own package."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import livefilter

PACKAGE = Path(livefilter.__file__).parent
TESTS = Path(__file__).parent
PRIVATE_TEST_FILES = 20
"""At most so many test files import private modules, each with a reason."""
_PRIVATE = re.compile(r"\blivefilter(\.\w+)*\._[a-z]\w*")
_COMMENT = re.compile(r"#\s*(?!noqa|type:|pragma)\w")


def module_of(file: Path) -> str:
    """Return the dotted name of a module of the package."""
    parts = file.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imported_names(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Yield line and dotted name of everything that is imported from livefilter."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from ((node.lineno, f"{node.module}.{alias.name}") for alias in node.names)


def owner(name: str) -> str | None:
    """Return the package inside which a dotted name may be imported; None for a name without a private part.

    Example:
        >>> owner("livefilter.sinks.video._pts.PtsAssigner")
        'livefilter.sinks.video'
    """
    parts = name.split(".")
    private = next((at for at, part in enumerate(parts) if part.startswith("_") and not part.startswith("__")), None)
    return None if private is None or parts[0] != "livefilter" else ".".join(parts[:private])


def test_private_modules_are_imported_only_inside_their_package() -> None:
    """Everyone else imports from the package that owns them, so each folder can be read, and changed, alone."""
    broken = []
    for file in sorted(PACKAGE.rglob("*.py")):
        importer = module_of(file)
        package = importer if file.name == "__init__.py" else importer.rpartition(".")[0]
        for line, name in imported_names(ast.parse(file.read_text(encoding="utf-8"))):
            door = owner(name)
            if door is not None and not f"{package}.".startswith(f"{door}."):
                broken.append(f"{file.relative_to(PACKAGE.parent)}:{line}: imports {name}, which {door} owns")
    assert not broken, "\n".join(broken)


def private_lines(file: Path) -> list[int]:
    """Return the lines, from 1, on which a test imports or names a private module, in code or in a string."""
    text = file.read_text(encoding="utf-8")
    imports = [line for line, name in imported_names(ast.parse(text)) if owner(name) is not None]
    named = [line for line, content in enumerate(text.splitlines(), 1) if _PRIVATE.search(content)]
    return sorted({*imports, *named})


def has_reason(file: Path, line: int) -> bool:
    """Return whether a comment stands on a line, or above it and other private imports."""
    lines = file.read_text(encoding="utf-8").splitlines()
    private = set(private_lines(file))
    while True:
        above = lines[line - 2].strip() if line > 1 else ""
        if _COMMENT.search(lines[line - 1]) or (above.startswith("#") and _COMMENT.match(above)):
            return True
        if line - 1 not in private:
            return False
        line -= 1


def test_tests_go_through_the_doors_of_rooms() -> None:
    """Few test files name private modules, and each says why."""
    using = {file: private_lines(file) for file in sorted(TESTS.rglob("*.py")) if file != Path(__file__)}
    using = {file: lines for file, lines in using.items() if lines}
    silent = [
        f"{file.relative_to(TESTS)}:{line}: names a private module without a comment that says why"
        for file, lines in using.items()
        for line in lines
        if not has_reason(file, line)
    ]
    assert not silent, "\n".join(silent)
    names = [file.relative_to(TESTS).as_posix() for file in using]
    assert len(names) <= PRIVATE_TEST_FILES, f"{len(names)} test files name private modules: {names}"
