"""YAML documents as plain values, with the location of each value in the file.

This is YAML 1.2: ``on`` and ``12:30`` are text, not a boolean and a number in base 60.
"""

from __future__ import annotations

import pathlib
from dataclasses import dataclass, field
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, StringMark, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from livefilter.errors import PresetError

Path = tuple[str | int, ...]
MAX_BYTES = 1_000_000
MAX_VALUES = 100_000
MAX_DEPTH = 20
_BYTE_ORDER_MARK = "\ufeff"


@dataclass(frozen=True, slots=True)
class DocumentKind:
    """What a document is, for messages: its name, such as "a preset", and its form."""

    name: str
    form: str


PRESET = DocumentKind("a preset", "is a mapping such as 'steps: [...]'")


@dataclass(frozen=True, slots=True)
class Location:
    """A location in a file: its name, line and column from 1."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(slots=True)
class Document:
    """A mapping as plain values, with the location of every value and every key in it."""

    values: dict[str, Any]
    locations: dict[Path, Location] = field(default_factory=dict)
    key_locations: dict[Path, Location] = field(default_factory=dict)

    def at(self, path: Path) -> Any:
        """Return the value at ``path``."""
        value: Any = self.values
        for key in path:
            value = value[key]
        return value

    def location(self, path: Path) -> Location:
        """Return the location of the value at ``path``."""
        return self.locations[path]


def read_text(path: pathlib.Path, kind: DocumentKind = PRESET) -> str:
    """Return the text of a file.

    Raises:
        PresetError: The file cannot be read, is too large, or is not UTF-8.
    """
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise PresetError(f"{path}: cannot be read: {error.strerror or error}") from error
    if len(content) > MAX_BYTES:
        raise PresetError(f"{path}:1:1: {kind.name} has at most {MAX_BYTES:,} bytes")
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        valid = content[: error.start].decode("utf-8").removeprefix(_BYTE_ORDER_MARK)
        line, column = valid.count("\n") + 1, len(valid) - valid.rfind("\n")
        raise PresetError(
            f"{path}:{line}:{column}: {kind.name} is UTF-8 text, found the byte {content[error.start]:#04x}"
        ) from error
    return text.removeprefix(_BYTE_ORDER_MARK)


def read_document(text: str, file: str, kind: DocumentKind = PRESET) -> Document:
    """Parse one YAML mapping.

    Raises:
        PresetError: The text is not YAML, is empty, is not a mapping, repeats a key, has too many values, is nested too
            deeply, or has aliases that expand without bound.
    """
    yaml = YAML(typ="safe", pure=True)
    yaml.composer.warn_double_anchors = False  # YAML 1.2 allows them; an alias means the nearest one above.
    try:
        root = yaml.compose(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise PresetError(f"{_at(file, mark)}: not valid YAML: {_problem(error)}") from error
    except (YAMLError, ValueError) as error:
        raise PresetError(f"{file}:1:1: not valid YAML: {' '.join(str(error).split())}") from error
    except RecursionError as error:
        raise PresetError(f"{file}:1:1: {kind.name} is at most {MAX_DEPTH} levels deep") from error
    if root is None:
        raise PresetError(f"{file}:1:1: the file is empty; {kind.name} {kind.form}")
    if not isinstance(root, MappingNode):
        raise PresetError(f"{_at(file, root.start_mark)}: {kind.name} {kind.form}, found {_kind(root)}")
    document = Document({})
    document.values = _Builder(yaml, file, document, kind).value(root, (), ())
    return document


class _Builder:
    """Turns composed nodes into values, and counts them so that aliases cannot expand without bound."""

    def __init__(self, yaml: YAML, file: str, document: Document, kind: DocumentKind) -> None:
        self._scalars = yaml.constructor
        self._file = file
        self._document = document
        self._kind = kind
        self._count = 0

    def value(self, node: Node, path: Path, parents: tuple[int, ...]) -> Any:
        location = _at(self._file, node.start_mark)
        self._document.locations.setdefault(path, location)
        self._count += 1
        if self._count > MAX_VALUES:
            raise PresetError(
                f"{location}: {self._kind.name} has at most {MAX_VALUES:,} values; its aliases expand to more"
            )
        if id(node) in parents:
            raise PresetError(f"{location}: an alias must not contain itself")
        if len(parents) > MAX_DEPTH:
            raise PresetError(f"{location}: {self._kind.name} is at most {MAX_DEPTH} levels deep")
        inside = (*parents, id(node))
        if isinstance(node, MappingNode):
            return self._mapping(node, path, inside)
        if isinstance(node, SequenceNode):
            return [self.value(item, (*path, at), inside) for at, item in enumerate(node.value)]
        return self._scalar(node)

    def _mapping(self, node: MappingNode, path: Path, parents: tuple[int, ...]) -> dict[str, Any]:
        result: dict[str, Any] = {}
        for key_node, value_node in node.value:
            location = _at(self._file, key_node.start_mark)
            if not isinstance(key_node, ScalarNode):
                raise PresetError(f"{location}: a key must be a word, found {_kind(key_node)}")
            key = str(key_node.value)
            if key in result:
                raise PresetError(f"{location}: {key!r} appears twice in one mapping; remove one")
            self._document.key_locations[(*path, key)] = location
            if isinstance(value_node, ScalarNode) and not value_node.value and not value_node.style:
                # The parser's mark of an empty value is where it stopped looking, often on another line.
                self._document.locations[(*path, key)] = location
            result[key] = self.value(value_node, (*path, key), parents)
        return result

    def _scalar(self, node: Node) -> Any:
        try:
            value = self._scalars.construct_object(node)
        except (YAMLError, ValueError, LookupError) as error:  # LookupError: "!!int" of nothing, "!!bool maybe".
            tag = str(node.tag).replace("tag:yaml.org,2002:", "!!")
            location = _at(self._file, node.start_mark)
            raise PresetError(f"{location}: cannot read {short(node.value)} as a value of the kind {tag}") from error
        return value if isinstance(value, str | int | float | bool | None) else str(node.value)


def format_path(path: Path) -> str:
    """Format a path as in steps[0].gaussian.sigma."""
    text = ""
    for key in path:
        text += f"[{key}]" if isinstance(key, int) else f".{key}" if text else key
    return text


def short(value: object) -> str:
    """Format a value for a message: on one line, at most 60 characters, in YAML's words."""
    if value is None:
        return "nothing"
    shown = str(value).lower() if isinstance(value, bool) else repr(value)
    return shown if len(shown) <= 60 else shown[:57] + "..."


def _problem(error: MarkedYAMLError) -> str:
    """Return the parser's message, on one line."""
    problem = " ".join(str(error.problem or error.context).split())
    if problem.startswith("but ") and error.context:
        problem = f"{error.context}, {problem}"
    return problem + ("; indent with spaces" if r"'\t'" in problem else "")


def _at(file: str, mark: StringMark | None) -> Location:
    return Location(file, mark.line + 1, mark.column + 1) if mark is not None else Location(file, 1, 1)


def _kind(node: Node) -> str:
    if isinstance(node, SequenceNode):
        return "a list"
    return "a mapping" if isinstance(node, MappingNode) else f"the value {short(node.value)}"
