"""Lookup of presets: by path, in the user's folder, and among the shipped ones."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import platformdirs

from livefilter.errors import PresetError
from livefilter.presets._parse import did_you_mean, inherit, parse_preset
from livefilter.presets._preset import Preset
from livefilter.presets._yaml import Document, Location, read_document, read_text
from livefilter.resources import resource_folder

_SUFFIXES = (".yaml", ".yml")
_FIRST = ("edge", "blur", "sharpen")
"""Listed before all others, so that the preview's keys 1, 2, 3 select them."""


def user_folder() -> Path:
    """Return the folder of the user's presets, in the platform's configuration folder."""
    return platformdirs.user_config_path("livefilter") / "presets"


def list_presets() -> list[str]:
    """Return the names of all presets that can be loaded by name: the shipped ones and the user's.

    Example:
        >>> list_presets()[:3]
        ['edge', 'blur', 'sharpen']
    """
    names = {path.stem for folder in (user_folder(), resource_folder("configs")) for path in _files(folder)}
    return [name for name in _FIRST if name in names] + sorted(names.difference(_FIRST))


def find_preset(name_or_path: str | os.PathLike[str]) -> Path:
    """Return the file of a preset.

    A text with a folder separator, or with the extension .yaml or .yml, is a path; any other is a name, looked up in
    the user's folder and then among the shipped presets.

    Raises:
        PresetError: There is no such preset.
    """
    text = os.fspath(name_or_path)
    if isinstance(name_or_path, Path) or text.endswith(_SUFFIXES) or os.sep in text or "/" in text:
        path = Path(text).expanduser()
        if not path.exists():
            known = path.stem in list_presets() and path.name == text
            raise PresetError(f"{path}: no such file" + (f"; did you mean the preset {path.stem!r}?" if known else ""))
        if path.is_dir():
            raise PresetError(f"{path}: a preset is a file, this is a folder")
        return path
    for folder in (user_folder(), resource_folder("configs")):
        for suffix in _SUFFIXES:
            if (folder / (text + suffix)).is_file():
                return folder / (text + suffix)
    raise PresetError(f"unknown preset {text!r}{did_you_mean(text, list_presets())}")


def load_preset(
    name_or_path: str | os.PathLike[str], *, on_read: Callable[[Path], object] = lambda path: None
) -> Preset:
    """Return a preset by name, or by the path of its YAML file.

    Args:
        name_or_path: As for ``find_preset``.
        on_read: Called with the path of each file just before it is read, even if reading fails: the file of the
            preset, and those of the presets that it extends.

    Raises:
        PresetError: There is no such preset, or it is invalid; the message is one line with file, line and column.

    Example:
        >>> load_preset("blur").name
        'blur'
    """
    path = find_preset(name_or_path)

    def text(file: Path) -> str:
        on_read(file)
        return read_text(file)

    def parent(name: str, location: Location, chain: tuple[Path, ...] = (path.resolve(),)) -> Document:
        """Return the document that an ``extend`` names, merged with its own parents; paths are relative to the file."""
        is_path = name.endswith(_SUFFIXES) or "/" in name or os.sep in name
        target = chain[-1].parent / name if is_path else name
        try:
            above = find_preset(target)
        except PresetError as error:
            if isinstance(target, Path):
                on_read(target)
            raise PresetError(f"{location}: extend: {error}") from error
        shipped = resource_folder("configs") / f"{name}.yaml"
        if above.resolve() in chain and shipped.is_file():
            above = shipped  # A user's "edge" may extend the shipped one.
        if above.resolve() in chain:
            raise PresetError(f"{location}: extend: {name!r} leads back to this preset")
        return inherit(
            read_document(text(above), str(above)),
            lambda grandparent, at: parent(grandparent, at, (*chain, above.resolve())),
        )

    return parse_preset(text(path), str(path), path.stem, parent)


def _files(folder: Path) -> list[Path]:
    return [path for path in folder.iterdir() if path.suffix in _SUFFIXES] if folder.is_dir() else []
