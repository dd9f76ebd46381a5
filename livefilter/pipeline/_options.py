"""Options of a run over a file, without its input and outputs."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, fields, replace

from livefilter.frame import Color
from livefilter.layers import Compare
from livefilter.presets import Preset
from livefilter.sinks import Encoding
from livefilter.sources import SourceOptions, Trim

_NOT_CONTENT = ("preset", "overwrite", "threads")


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessOptions:
    """A preset and the options of `process`: what stays the same from one input to the next.

    Attributes:
        preset: Preset that filters each frame.
        overlay: Draw what the preset's overlay settings say.
        compare: Show the original too: "side", "wipe" or "pip".
        color: "gray" filters and writes the luma, "luma" keeps the chroma beside it, "rgb" filters each channel. None
            does what the preset says.
        audio: Copy the source's sound into videos.
        cover: Copy the source's cover into videos, as it is: no filter is run on it.
        drop_unsupported: Leave out what of the source a video's container cannot hold, instead of refusing it.
        encoding: How the pictures of videos are encoded.
        trim: Part of the source to process.
        source_options: How a source is opened that is not open yet.
        overwrite: Replace outputs that exist.
        threads: Threads that may work on one frame.
    """

    preset: Preset
    overlay: bool = True
    compare: Compare = "none"
    color: Color | None = None
    audio: bool = True
    cover: bool = True
    drop_unsupported: bool = False
    encoding: Encoding | None = None
    trim: Trim | None = None
    source_options: SourceOptions | None = None
    overwrite: bool = False
    threads: int | None = None

    @property
    def fingerprint(self) -> str:
        """Hash of everything that outputs depend on: equal if equal inputs give equal outputs."""
        content = {field.name: getattr(self, field.name) for field in fields(self) if field.name not in _NOT_CONTENT}
        content |= {"preset": self.preset.hash, "name": self.preset.name}  # The name may be drawn on the picture.
        return hashlib.sha256(repr(sorted(content.items())).encode()).hexdigest()[:16]

    @property
    def is_drawn_on(self) -> bool:
        """Whether anything is drawn on the pictures."""
        settings = self.preset.overlay
        has_zones = settings.zones and bool(self.preset.zones)
        return self.compare != "none" or (self.overlay and (settings.scores or settings.name or has_zones))

    def with_threads(self, threads: int) -> ProcessOptions:
        """Return the same with a number of threads, unless one is given already."""
        return self if self.threads is not None else replace(self, threads=threads)
