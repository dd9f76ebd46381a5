"""Provenance of a result, for score tables and the metadata of videos."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Self

from livefilter.presets import Preset
from livefilter.version import __version__


@dataclass(frozen=True, slots=True)
class Provenance:
    """The source and the preset that a result was computed from.

    Attributes:
        source: The source's name.
        preset: The preset's name.
        preset_hash: The preset's ``hash``.
        livefilter: The version of livefilter.
    """

    source: str
    preset: str
    preset_hash: str
    livefilter: str = __version__

    @classmethod
    def of(cls, preset: Preset, source: str) -> Self:
        """Return the provenance of a source filtered through a preset."""
        return cls(source, preset.name, preset.hash)

    def as_dict(self) -> dict[str, str]:
        """Return the attributes by name."""
        return asdict(self)
