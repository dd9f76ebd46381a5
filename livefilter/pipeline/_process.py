"""File processing: every frame of a source, in order, through a filter into sinks."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from os import PathLike
from os.path import expanduser
from pathlib import Path
from typing import cast

from livefilter.compiler import Filter
from livefilter.errors import OptionError
from livefilter.overlays import Compare, Overlay
from livefilter.pipeline._file_loop import FileLoop
from livefilter.pipeline._render import Renderer
from livefilter.pipeline._summary import Progress, Summary
from livefilter.pipeline._targets import refuse_duplicates, refuse_input
from livefilter.presets import Preset, load_preset
from livefilter.sinks import (
    Encoding,
    PlotSink,
    Provenance,
    ScoreSink,
    Sink,
    StreamCopyOptions,
    check_encoding,
    is_image_path,
    open_sink,
)
from livefilter.sources import Color, Source, SourceFacts, SourceOptions, Trim, Trimmed, open_source

Target = Sink | str | PathLike[str]


def process(
    source: Source | str | int | PathLike[str],
    sink: Target | Sequence[Target] | None,
    preset: Preset | str | PathLike[str],
    *,
    scores: str | PathLike[str] | None = None,
    plot: str | PathLike[str] | None = None,
    overlay: bool = True,
    compare: Compare = "none",
    overwrite: bool = False,
    threads: int | None = None,
    progress: Callable[[Progress], object] | None = None,
    should_stop: Callable[[], bool] = lambda: False,
    encoding: Encoding | None = None,
    trim: Trim | None = None,
    color: Color = "gray",
    audio: bool = True,
    cover: bool = True,
    drop_unsupported: bool = False,
    source_options: SourceOptions | None = None,
) -> Summary:
    """Filter and score every frame of a source.

    Outputs are written beside their targets and moved into place at the end. If the run is interrupted, by
    ``should_stop`` or by KeyboardInterrupt, or ended by an error that livefilter does not foresee, they are finished
    under ``<name>.partial<ending>`` and can be played; notes on the exception name them. After a SinkError or another
    error that is foreseen, no unfinished file stays. If a source breaks, or changes its size, midway, what came before
    is complete, and ``loss`` says what happened.

    Args:
        source: An open Source, which stays open, or what ``open_source`` takes.
        sink: Where pictures go: paths as ``open_sink`` takes them, or open Sinks, which stay open; several, one, or
            None: then only scores are made, and no step of the preset is run.
        preset: A Preset, the name of one, or the path of its YAML file.
        scores: Where scores go: a .csv, .jsonl or .parquet file, or "-" for JSON Lines on standard output.
        plot: Where a figure of the scores over time goes, with the frames that have the lowest and the highest of each:
            a .png, .svg or .pdf file.
        overlay: Draw what the preset's overlay settings say.
        compare: Show the original too: "side", "wipe" or "pip".
        overwrite: Replace outputs that exist.
        threads: Threads that may work on one frame.
        progress: Called after every frame.
        should_stop: Asked before every frame; True ends the run.
        encoding: How the pictures of videos are encoded.
        trim: Part of the source to process.
        color: "gray" filters and writes the luma, "luma" keeps the chroma beside it, "rgb" filters each channel.
        audio: Copy the source's sound into videos.
        cover: Copy the source's cover into videos, as it is: no filter is run on it.
        drop_unsupported: Leave out what of the source a video's container cannot hold, instead of refusing it.
        source_options: How the source is opened, unless it is an open one.

    Raises:
        SourceError: The source cannot be opened or read.
        SinkError: An output cannot be written.
        PresetError: The preset is missing or not valid.
        OptionError: An option cannot be used, or an output is the input.
        MissingPackageError: A .parquet file is wanted, and pyarrow is not installed; or a plot, and matplotlib is not.

    Example:
        >>> summary = process("synthetic:chart", None, "edge", should_stop=iter([False, True]).__next__)
        >>> summary.frames, summary.is_interrupted
        (1, True)
    """
    targets = [] if sink is None else list(sink) if isinstance(sink, list | tuple) else [cast(Target, sink)]
    preset = preset if isinstance(preset, Preset) else load_preset(preset)
    # Scores are of the unfiltered picture: without a sink for pictures, no step needs to run.
    compiled = Filter(preset if targets else preset.model_copy(update={"steps": ()}), threads=threads)
    paths = [os.fspath(target) for target in [*targets, scores, plot] if isinstance(target, str | PathLike)]
    videos = [target for target in targets if isinstance(target, str | PathLike) and not is_image_path(target)]
    refuse_duplicates(paths)
    _check_encoding(encoding, videos)
    with ExitStack() as stack:
        if isinstance(source, str | int | PathLike):
            refuse_input(source, paths)
            is_drawn = compare != "none" or (overlay and (preset.overlay.scores or preset.overlay.name))
            source_color = _source_color(color if targets else "gray", len(videos) == len(targets), is_drawn)
            options = replace(source_options or SourceOptions(), color=source_color)
            source = stack.enter_context(open_source(source, options, should_stop=should_stop))
        frames = Trimmed(source, trim or Trim())
        unfinished = stack.enter_context(ExitStack())  # Discards outputs that are not finished.

        def stream_copy() -> StreamCopyOptions | None:
            path, timeline = source.facts.path, source.facts.timeline
            if path is None:
                return None
            return StreamCopyOptions(path, frames.start_s, frames.end_s, audio, cover, drop_unsupported, timeline)

        outputs = _open_outputs(
            unfinished,
            targets,
            scores,
            plot,
            facts=source.facts,
            provenance=Provenance.of(preset, source.facts.name),
            overwrite=overwrite,
            encoding=encoding,
            stream_copy=stream_copy,
        )
        drawn = Overlay(compiled.preset.overlay, compiled.preset.name, compare) if targets else None
        if drawn is not None:
            drawn.is_visible = overlay
        started_s = time.perf_counter()
        loop = FileLoop(
            frames,
            source.facts,
            Renderer(compiled, color, drawn),
            (*outputs.given, *outputs.tables),
            outputs.opened,
            outputs.copies,
        )
        loop(progress, should_stop)
        if trim is not None and not loop.means.frames and not loop.is_interrupted:
            name = source.facts.name
            raise OptionError(f"start, end: no frame of {name} lies between them; 'livefilter probe' shows its times")
        locations = _finish((*outputs.opened, *outputs.tables), is_complete=not loop.is_interrupted)
        unfinished.pop_all()
        seconds = time.perf_counter() - started_s
    return _summary(source, compiled.preset.name, loop, outputs, locations, seconds)


@dataclass(frozen=True, slots=True)
class _Outputs:
    """Sinks of a run.

    Attributes:
        opened: Sinks of the targets that are paths: a thread of its own writes them.
        given: Sinks that the caller opened, and finishes.
        tables: Sinks of scores.
        copies: Stream copies of the opened sinks.
    """

    opened: tuple[Sink, ...]
    given: tuple[Sink, ...]
    tables: tuple[Sink, ...]
    copies: tuple[StreamCopyOptions, ...]

    @property
    def sinks(self) -> tuple[Sink, ...]:
        """All sinks, in the order in which a summary reports them."""
        return (*self.opened, *self.given, *self.tables)


def _open_outputs(
    stack: ExitStack,
    targets: Sequence[Target],
    scores: str | PathLike[str] | None,
    plot: str | PathLike[str] | None,
    *,
    facts: SourceFacts,
    provenance: Provenance,
    overwrite: bool,
    encoding: Encoding | None,
    stream_copy: Callable[[], StreamCopyOptions | None],
) -> _Outputs:
    """Open the sinks of all paths, in a stack that discards them if they are not finished."""
    opened: list[Sink] = []
    copies: list[StreamCopyOptions] = []
    for target in targets:
        if not isinstance(target, str | PathLike):
            continue
        copy = stream_copy()
        if copy is not None:
            copies.append(copy)
        made = open_sink(
            target,
            rate=facts.rate,
            time_base=facts.time_base,
            overwrite=overwrite,
            encoding=encoding,
            colorimetry=facts.colorimetry,
            stream_copy=copy,
            provenance=provenance,
        )
        opened.append(stack.enter_context(made))
    tables: list[Sink] = []
    if scores is not None:
        tables.append(
            stack.enter_context(ScoreSink(Path(expanduser(scores)), provenance=provenance, overwrite=overwrite))
        )
    if plot is not None:
        tables.append(stack.enter_context(PlotSink(Path(expanduser(plot)), provenance=provenance, overwrite=overwrite)))
    given = tuple(target for target in targets if not isinstance(target, str | PathLike))
    return _Outputs(tuple(opened), given, tuple(tables), tuple(copies))


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
        outputs=tuple(location for location in locations if location is not None),
        loss="; ".join(filter(None, (loop.loss, source.loss, *(sink.loss for sink in sinks)))) or None,
        is_interrupted=loop.is_interrupted,
        dropped=source.health.counts.get("overrun", 0) if source.health is not None else 0,
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


def _finish(sinks: Sequence[Sink], *, is_complete: bool) -> list[str | None]:
    """Finish every sink, also where one before it cannot be finished, and return where the outputs are."""
    outputs: list[str | None] = []
    failures: list[Exception] = []
    for sink in sinks:
        try:
            outputs.append(sink.finish(is_complete=is_complete))
        except Exception as error:
            failures.append(error)
    if failures:
        failure = next((error for error in failures if not isinstance(error, BrokenPipeError)), failures[0])
        for output in filter(None, outputs):
            failure.add_note(f"wrote {output}")
        raise failure
    return outputs


def _source_color(color: Color, are_videos: bool, is_drawn: bool) -> Color:
    """Return the colour mode to read in: the stream's own chroma only for videos on which nothing is drawn."""
    return "rgb" if color == "luma" and (is_drawn or not are_videos) else color
