"""Documents are written in plain English."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.docs.conftest import DOCUMENTS, ROOT, name_of

_PACKAGE = sorted((ROOT / "livefilter").rglob("*.py"))
_STILTED = re.compile(
    r"\b(?:whoever|nobody|somebody|anybody|anew|unless given|(?:is|are|was|were) told)\b|_MOST_|_LEAST_", re.IGNORECASE
)


def stilted(path: Path) -> list[str]:
    """Return the lines of a file that use a word that plain English has no need of."""
    joined = " ".join(path.read_text(encoding="utf-8").split())  # A phrase may begin on one line and end on the next.
    return [joined[max(match.start() - 30, 0) : match.end() + 30] for match in _STILTED.finditer(joined)]


@pytest.mark.parametrize("path", [*DOCUMENTS, *sorted((ROOT / "configs").glob("*.yaml"))], ids=name_of)
def test_a_document_is_written_in_plain_english(path: Path) -> None:
    """No sentence has a subject that names no one, and nothing is told by no one."""
    assert stilted(path) == []


def test_the_package_is_written_in_plain_english() -> None:
    """The same holds for docstrings, messages, comments and names of the package."""
    assert {name_of(path): found for path in _PACKAGE if (found := stilted(path))} == {}


def test_the_check_finds_a_phrase_across_lines(tmp_path: Path) -> None:
    """Words count in any case, and where a line ends between them."""
    path = tmp_path / "page.md"
    path.write_text(
        "Whoever opens it, closes it.\nWhat is lost is\ntold. _MOST_THREADS is the default unless\ngiven.\n"
    )
    assert len(stilted(path)) == 4
