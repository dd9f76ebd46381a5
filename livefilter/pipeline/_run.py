"""A run over every frame of a source, in order: open the outputs, loop, finish them."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from fractions import Fraction
from os import PathLike
from os.path import expanduser
from pathlib import Path
from typing import cast

from livefilter.analysers import Analyser
from livefilter.compiler import Filter
from livefilter.errors import OptionError
from livefilter.frame import Color
from livefilter.layers import Comparison, Overlay
from livefilter.pipeline._analysis import AnalyserChain, StoredAnalyses, zone_analysers
from livefilter.pipeline._file_loop import FileLoop
from livefilter.pipeline._options import ProcessOptions
from livefilter.pipeline._renderer import Renderer
from livefilter.pipeline._summary import Progress, Summary
from livefilter.pipeline._targets import refuse_duplicates, refuse_input
from livefilter.sinks import (
    Encoding,
    Needs,
    PlotSink,
    Provenance,
    ScoreSink,
    Sink,
    StreamCopyOptions,
    check_encoding,
    is_image_path,
    open_sink,
)
from livefilter.sources import Source, SourceFacts, SourceOptions, Trim, Trimmed, kind_of, open_source

Target = Sink | str | PathLike[str]


def run(
    source: Source | str | int | PathLike[str],
    sink: Target | Sequence[Target] | None,
    options: ProcessOptions,
    *,
    scores: str | PathLike[str] | None = None,
    plot: str | PathLike[str] | None = None,
    progress: Callable[[Progress], object] | None = None,
    should_stop: Callable[[], bool] = lambda: False,
    analysers: Sequence[Analyser] = (),
) -> Summary:
    """Do what `process` does, with its options as one value; the arguments and errors are the same."""
    targets = [] if sink is None else list(sink) if isinstance(sink, list | tuple) else [cast(Target, sink)]
    paths = [os.fspath(target) for target in [*targets, scores, plot] if isinstance(target, str | PathLike)]
    videos = [target for target in targets if isinstance(target, str | PathLike) and not is_image_path(target)]
    refuse_duplicates(paths)
    _check_encoding(options.encoding, videos)
    preset = options.preset
    color = options.color or preset.color
    renderer = Renderer(
        Filter(preset, threads=options.threads),
        color=color,
        overlay=Overlay(preset.overlay, preset.name, zones=preset.zones, is_shown=options.overlay),
        comparison=Comparison(options.compare),
        needs=_needs(targets),
    )
    with ExitStack() as stack:
        chain = AnalyserChain([*zone_analysers(preset, options.threads), *analysers])
        if isinstance(source, str | int | PathLike):
            refuse_input(source, paths)
            source_color = _source_color(color if targets else "gray", len(videos) == len(targets), options.is_drawn_on)
            source_options = replace(options.source_options or SourceOptions(), color=source_color)
            spec, source = source, stack.enter_context(open_source(source, source_options, should_stop=should_stop))
            if not chain.fits_into_memory(source.facts) and _can_be_read_twice(spec, source, source_options):
                chain = _first_pass(spec, source_options, options.trim or Trim(), chain, progress, should_stop)
        frames = Trimmed(source, options.trim or Trim())
        unfinished = stack.enter_context(ExitStack())  # Discards outputs that are not finished.
        outputs = _open_outputs(unfinished, targets, scores, plot, source.facts, frames, options)
        started_s = time.perf_counter()
        loop = FileLoop(frames, source.facts, chain, renderer, (*outputs.given, *outputs.tables), outputs.opened)
        loop(progress, should_stop)
        if options.trim is not None and not loop.means.frames and not loop.is_interrupted:
            name = source.facts.name
            raise OptionError(f"start, end: no frame of {name} lies between them; 'livefilter probe' shows its times")
        locations = _finish((*outputs.opened, *outputs.tables), is_complete=not loop.is_interrupted, end_s=loop.end_s)
        unfinished.pop_all()
        seconds = time.perf_counter() - started_s
    return _summary(source, preset.name, loop, outputs, locations, seconds)


@dataclass(frozen=True, slots=True)
class _Outputs:
    """Sinks of a run.

    Attributes:
        opened: Sinks of the targets that are paths: a thread of its own writes them.
        given: Sinks that the caller opened, and finishes.
        tables: Sinks of scores.
    """

    opened: tuple[Sink, ...]
    given: tuple[Sink, ...]
    tables: tuple[Sink, ...]

    @property
    def sinks(self) -> tuple[Sink, ...]:
        """All sinks, in the order in which a summary reports them."""
        return (*self.opened, *self.given, *self.tables)


def _open_outputs(
    stack: ExitStack,
    targets: Sequence[Target],
    scores: str | PathLike[str] | None,
    plot: str | PathLike[str] | None,
    facts: SourceFacts,
    frames: Trimmed,
    options: ProcessOptions,
) -> _Outputs:
    """Open the sinks of all paths, in a stack that discards them if they are not finished."""
    provenance = Provenance.of(options.preset, facts.name)
    copied = None
    if facts.path is not None:
        copied = StreamCopyOptions(
            facts.path,
            frames.start_s,
            frames.end_s,
            starts_with_first_frame=frames.starts_at_frame_number,
            has_audio=options.audio,
            has_cover=options.cover,
            drop_unsupported=options.drop_unsupported,
            timeline=facts.timeline,
        )
    opened = [
        stack.enter_context(
            open_sink(
                target,
                rate=facts.rate,
                time_base=facts.time_base,
                overwrite=options.overwrite,
                encoding=options.encoding,
                colorimetry=facts.colorimetry,
                stream_copy=copied,
                provenance=provenance,
            )
        )
        for target in targets
        if isinstance(target, str | PathLike)
    ]
    tables: list[Sink] = []
    for place, kind in ((scores, ScoreSink), (plot, PlotSink)):
        if place is not None:
            made = kind(Path(expanduser(place)), provenance=provenance, overwrite=options.overwrite)
            tables.append(stack.enter_context(made))
    given = tuple(target for target in targets if not isinstance(target, str | PathLike))
    return _Outputs(tuple(opened), given, tuple(tables))


def _can_be_read_twice(spec: str | int | PathLike[str], source: Source, options: SourceOptions) -> bool:
    path = source.facts.path
    return (
        kind_of(spec).is_stored
        and not (options.loop or options.realtime)
        and (path is None or path.is_file())  # Not a named pipe.
    )


def _first_pass(
    spec: str | int | PathLike[str],
    source_options: SourceOptions,
    trim: Trim,
    chain: AnalyserChain,
    progress: Callable[[Progress], object] | None,
    should_stop: Callable[[], bool],
) -> AnalyserChain:
    """Analyse a source as a whole, and return a chain that gives each frame its analysis."""
    with open_source(spec, replace(source_options, color="gray"), should_stop=should_stop) as source:
        frames = Trimmed(source, trim)

        def on_frame(count: int) -> None:
            if progress is not None:
                progress(Progress(count, frames.expected, is_first_pass=True))

        return AnalyserChain([StoredAnalyses(frames, chain, on_frame, should_stop)])


def _summary(
    source: Source, preset: str, loop: FileLoop, outputs: _Outputs, locations: Sequence[str | None], seconds: float
) -> Summary:
    facts, sinks = source.facts, outputs.sinks
    return Summary(
        source=facts.name,
        preset=preset,
        frames=loop.means.frames,
        seconds=seconds,
        fps=loop.means.frames / max(seconds, 1e-9),
        mean_score=loop.means.mean,
        zone_means=loop.means.zones,
        outputs=tuple(location for location in locations if location is not None),
        loss="; ".join(filter(None, (loop.loss, source.loss, *(sink.loss for sink in sinks)))) or None,
        is_interrupted=loop.is_interrupted,
        dropped=source.health.counts.get("dropped", 0) if source.health is not None else 0,
        notes=(
            *(f"{facts.name}: {note}" for note in facts.notes),
            *(note for sink in sinks for note in sink.notes),
        ),
    )


def _check_encoding(encoding: Encoding | None, videos: Sequence[str | PathLike[str]]) -> None:
    """Check that an encoding works for all videos, before a source is opened."""
    if encoding is None:
        return
    if not videos:
        raise OptionError("encoding: is for videos, and none is written; leave out crf, codec and the like")
    for video in videos:
        check_encoding(video, encoding)


def _finish(sinks: Sequence[Sink], *, is_complete: bool, end_s: Fraction | None) -> list[str | None]:
    """Finish every sink, also where one before it cannot be finished, and return where the outputs are."""
    outputs: list[str | None] = []
    failures: list[Exception] = []
    for sink in sinks:
        try:
            outputs.append(sink.finish(is_complete=is_complete, end_s=end_s))
        except Exception as error:
            failures.append(error)
    if failures:
        failure = next((error for error in failures if not isinstance(error, BrokenPipeError)), failures[0])
        for output in filter(None, outputs):
            failure.add_note(f"wrote {output}")
        raise failure
    return outputs


def _needs(targets: Sequence[Target]) -> Needs:
    """Return what the targets use: files hold pictures."""
    needs = Needs.ANALYSIS
    for target in targets:
        needs |= Needs.PICTURE if isinstance(target, str | PathLike) else target.needs
    return needs


def _source_color(color: Color, are_videos: bool, is_drawn: bool) -> Color:
    """Return the colour mode to read in: the stream's own chroma only for videos on which nothing is drawn."""
    return "rgb" if color == "luma" and (is_drawn or not are_videos) else color
