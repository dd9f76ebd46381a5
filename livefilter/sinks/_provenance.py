"""Where a result comes from, as it is noted in score tables and in the metadata of videos."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Self

from livefilter.presets import Preset
from livefilter.version import __version__


@dataclass(frozen=True, slots=True)
class Provenance:
    """What made a result.

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
        """Return the origin of what a preset makes of a source."""
        return cls(source, preset.name, preset.hash)

    def as_dict(self) -> dict[str, str]:
        """Return it as names and texts."""
        return asdict(self)
