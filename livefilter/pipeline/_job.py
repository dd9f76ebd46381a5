"""Options of a processing job, without its input and outputs."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from os import PathLike

from livefilter.overlays import Compare
from livefilter.pipeline._process import Target, process
from livefilter.pipeline._summary import Progress, Summary
from livefilter.presets import Preset
from livefilter.sinks import Encoding
from livefilter.sources import Color, Source, SourceOptions, Trim

_NOT_CONTENT = ("preset", "overwrite", "threads")


@dataclass(frozen=True, slots=True, kw_only=True)
class JobSpec:
    """A preset and the options of ``process``: what stays the same from one input to the next.

    Attributes:
        preset: Preset that filters each frame.
        overlay: Draw what the preset's overlay settings say.
        compare: Show the original too.
        color: "gray", "luma" or "rgb", as in `process`.
        audio: Copy sound into videos.
        cover: Copy covers into videos.
        drop_unsupported: Drop streams that the container cannot hold.
        encoding: How pictures are encoded.
        trim: Part of each source to process.
        source_options: How sources are opened.
        overwrite: Replace outputs that exist.
        threads: Threads that may work on one frame.
    """

    preset: Preset
    overlay: bool = True
    compare: Compare = "none"
    color: Color = "gray"
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

    def with_threads(self, threads: int) -> JobSpec:
        """Return the same with a number of threads, unless one is given already."""
        return self if self.threads is not None else replace(self, threads=threads)

    def run(
        self,
        source: Source | str | int | PathLike[str],
        sink: Target | Sequence[Target] | None,
        *,
        scores: str | PathLike[str] | None = None,
        plot: str | PathLike[str] | None = None,
        progress: Callable[[Progress], object] | None = None,
        should_stop: Callable[[], bool] = lambda: False,
    ) -> Summary:
        """Run ``process`` from a source to sinks; raises what that raises."""
        options = {field.name: getattr(self, field.name) for field in fields(self) if field.name != "preset"}
        return process(
            source, sink, self.preset, scores=scores, plot=plot, progress=progress, should_stop=should_stop, **options
        )
