"""The documents name files that exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.docs.conftest import DOCUMENTS, ROOT, blocks, name_of, spans

_PACKAGE = ROOT / "livefilter"
_PATH = re.compile(r"[\w.-]+(?:/[\w.%*-]+)*/?")
_ROOMS = {path.name for path in _PACKAGE.iterdir() if path.is_dir()}
_TOPS = _ROOMS | {path.name for path in ROOT.iterdir() if path.is_dir()}
_ARCHITECTURE = ROOT / ".github" / "architecture.svg"


def is_path(text: str) -> bool:
    """Return whether a code span names a file or folder of this repository, rather than one of the reader."""
    if not _PATH.fullmatch(text):
        return False
    return text.endswith(".py") or ("/" in text and text.split("/")[0] in _TOPS)


def exists(text: str) -> bool:
    """Return whether a path exists: in the repository, in the package, or, if it is a name alone, anywhere in it."""
    if (ROOT / text).exists() or (_PACKAGE / text).exists():
        return True
    return "/" not in text and any(_PACKAGE.rglob(text))


@pytest.mark.parametrize("document", DOCUMENTS, ids=name_of)
def test_every_path_that_is_mentioned_exists(document: Path) -> None:
    """Modules and folders in code spans are those of the tree as it is."""
    here = [span for span in spans() if span.document == name_of(document)]
    missing = [f"{span}: {span.text}" for span in here if is_path(span.text) and not exists(span.text)]
    assert missing == []


def test_the_check_tells_paths_from_other_code() -> None:
    """Only paths of this repository are looked for."""
    assert is_path("livefilter/frame.py")
    assert is_path("compiler/plan/")
    assert is_path("_halo.py")
    assert not is_path("frames/%05d.png")
    assert not is_path("Filter")
    assert not is_path("clip.mp4")
    assert exists("compiler/plan/")
    assert not exists("compiler/plan/_missing.py")
    assert not exists("_missing.py")


def test_the_picture_of_the_architecture_names_rooms_and_modules_that_exist() -> None:
    """Every folder and module in the picture is one of the package."""
    labels = re.sub(r"<[^>]+>", " ", _ARCHITECTURE.read_text(encoding="utf-8"))
    modules, folders = set(re.findall(r"\w+\.py", labels)), set(re.findall(r"(\w+)/", labels))
    assert modules >= {"_file_loop.py", "_filter_loop.py", "reference.py"}
    assert folders >= {"sources", "sinks", "compiler", "pipeline"}
    assert [name for name in modules if not any(_PACKAGE.rglob(name))] == []
    assert [name for name in folders if not any(path.is_dir() for path in _PACKAGE.rglob(name))] == []


def test_every_room_is_in_the_table_of_rooms() -> None:
    """The table of the contributing guide lists each folder of the package once."""
    text = (ROOT / ".github" / "CONTRIBUTING.md").read_text(encoding="utf-8")
    listed = re.findall(r"^\| `livefilter/(\w+)/` \|", text, flags=re.MULTILINE)
    assert sorted(listed) == sorted(_ROOMS - {"__pycache__"})


def test_shell_examples_name_files_of_the_repository_that_exist() -> None:
    """Recordings that an example reads are there."""
    named = [found for block in blocks("sh", "console") for found in re.findall(r"recordings/[\w.]+", block.text)]
    assert named
    assert [path for path in named if not (ROOT / path).exists()] == []
