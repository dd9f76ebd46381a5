"""The Markdown files of the repository, and what is in them."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
README = ROOT / "README.md"
PAGES = ROOT / ".github" / "docs"
DOCUMENTS = sorted(
    {
        *ROOT.glob("*.md"),
        *(
            path
            for folder in (".github", "configs", "livefilter", "recordings", "tests")
            for path in (ROOT / folder).rglob("*.md")
        ),
    }
)
_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_SPAN = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")
_SHELL = ("sh", "console", "bash")
_COMMAND_ENDS = ("|", "||", "&&", "&", ";", ">", ">>", "<", "2>")


@dataclass(frozen=True, slots=True)
class Example:
    """A piece of a document: a fenced block, a code span, or a command line.

    Attributes:
        document: Path of the document, relative to the repository.
        line: Number of its first line, from 1.
        text: The piece itself.
        is_complete: Whether it is meant to be typed as it is, rather than mentioned in a sentence.
    """

    document: str
    line: int
    text: str
    is_complete: bool = True

    def __str__(self) -> str:
        return f"{self.document}:{self.line}"


def name_of(document: Path) -> str:
    """Return the path of a document, relative to the repository."""
    return document.relative_to(ROOT).as_posix()


def blocks(*languages: str) -> list[Example]:
    """Return the fenced blocks of all documents that are marked with one of these languages."""
    return [
        Example(name_of(document), text[: match.start()].count("\n") + 2, match[2])
        for document in DOCUMENTS
        for text in [document.read_text(encoding="utf-8")]
        for match in _FENCE.finditer(text)
        if match[1] in languages
    ]


def spans() -> list[Example]:
    """Return all code spans outside of fenced blocks."""
    found = []
    for document in DOCUMENTS:
        for number, line in enumerate(without_blocks(document).splitlines(), start=1):
            is_cell = line.startswith("| ")
            found += [Example(name_of(document), number, text, is_cell) for text in _SPAN.findall(line)]
    return found


def without_blocks(document: Path) -> str:
    """Return the text of a document with its fenced blocks emptied, so that line numbers stay."""
    text = document.read_text(encoding="utf-8")
    return _FENCE.sub(lambda match: "\n" * match[0].count("\n"), text)


def command_lines(program: str) -> Iterator[tuple[Example, list[str]]]:
    """Yield each call of a program in shell blocks and code spans, with its arguments."""
    for block in blocks(*_SHELL):
        for number, line in enumerate(block.text.replace("\\\n", "  ").splitlines()):
            for words in _commands(line):
                if words[0] == program:
                    yield Example(block.document, block.line + number, line), words[1:]
    for span in spans():
        if span.text.startswith(f"{program} "):
            yield span, [word for word in shlex.split(span.text)[1:] if word != "…"]


def _commands(line: str) -> Iterator[list[str]]:
    """Yield the words of each command in a line of a shell script."""
    lexer = shlex.shlex(line, posix=True, punctuation_chars="|&;<>")
    lexer.whitespace_split = True
    words: list[str] = []
    for word in lexer:
        if word not in _COMMAND_ENDS:
            words.append(word)
            continue
        if words:
            yield words
        words = []
        if word in (">", ">>", "<", "2>"):
            next(lexer, None)
    if words:
        yield words
