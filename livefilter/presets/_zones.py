"""Zones from documents: of a preset, and of files that hold nothing else."""

from __future__ import annotations

import os
from pathlib import Path

from livefilter.errors import OptionError, PresetError
from livefilter.kernels import Zone, find_name_fault, find_points_fault, make_zones
from livefilter.presets._yaml import Document, DocumentKind, format_path, read_document, read_text, short
from livefilter.presets._yaml import Path as KeyPath

ZONES_FILE = DocumentKind("a zones file", "is a mapping such as 'door: [[0.1, 0.1], [0.5, 0.1], [0.5, 0.9]]'")


def read_zones(document: Document, path: KeyPath) -> tuple[Zone, ...]:
    """Return the zones in a document's mapping of names to points at ``path``.

    Raises:
        PresetError: A zone breaks a rule; one line with file:line:column.
    """
    zones = document.at(path)
    prefix = f"{format_path(path)}: " if path else ""
    if not isinstance(zones, dict):
        raise PresetError(
            f"{document.location(path)}: {prefix}must be a mapping of names to points such as "
            f"'door: [[0.1, 0.1], [0.5, 0.1], [0.5, 0.9]]', found {short(zones)}"
        )
    for name, points in zones.items():
        message = find_name_fault(name)
        if message is not None:
            raise PresetError(f"{document.key_locations[(*path, name)]}: {prefix}{name!r}: {message}")
        fault = find_points_fault(points)
        if fault is not None:
            at, message = fault
            here = (*path, name, *at)
            raise PresetError(f"{document.location(here)}: {format_path(here)}: {message}")
    try:
        return make_zones(zones)
    except OptionError as error:
        raise PresetError(f"{document.location(path)}: {error}") from error


def load_zones(path: str | os.PathLike[str]) -> tuple[Zone, ...]:
    """Return the zones of a zones file: a YAML mapping of names to points, or one whose only key is ``zones``.

    Raises:
        PresetError: There is no such file, or a zone breaks a rule; one line with file:line:column.
    """
    file = Path(path).expanduser()
    if not file.is_file():
        raise PresetError(f"{file}: {'a zones file is a file, this is a folder' if file.is_dir() else 'no such file'}")
    document = read_document(read_text(file, ZONES_FILE), str(file), ZONES_FILE)
    if isinstance(document.values.get("zones"), dict):
        other = next((key for key in document.values if key != "zones"), None)
        if other is not None:
            location = document.key_locations[(other,)]
            raise PresetError(f"{location}: unknown key {other!r} beside 'zones'; put all zones under 'zones'")
        return read_zones(document, ("zones",))
    return read_zones(document, ())
