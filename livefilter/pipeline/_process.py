"""Filter every frame of a source, in order, into sinks."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import replace
from glob import glob
from itertools import combinations
from os import PathLike
from os.path import abspath, exists, expanduser, isdir, samefile
from pathlib import Path
from typing import cast

from livefilter.compiler import Filter
from livefilter.errors import OptionError
from livefilter.overlays import Compare, Overlay
from livefilter.pipeline._file_loop import FileLoop
from livefilter.pipeline._render import Renderer
from livefilter.pipeline._summary import Progress, Summary
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
    would_overwrite,
)
from livefilter.sources import Color, Source, SourceOptions, Trim, Trimmed, open_source

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
    with ExitStack() as opened:
        paths = [os.fspath(target) for target in [*targets, scores, plot] if isinstance(target, str | PathLike)]
        _refuse_doubles(paths)
        videos = [one for one in targets if isinstance(one, str | PathLike) and not is_image_path(one)]
        if encoding is not None:
            if not videos:
                raise OptionError("encoding: is for videos, and none is written; leave out crf, codec and the like")
            for video in videos:
                check_encoding(video, encoding)
        if isinstance(source, str | int | PathLike):
            _refuse_input(source, paths)
            shown = preset.overlay
            is_drawn = compare != "none" or (overlay and (shown.scores or shown.name))
            asked = replace(
                source_options or SourceOptions(),
                color=_kept(color if targets else "gray", len(videos) == len(targets), is_drawn),
            )
            source = opened.enter_context(open_source(source, asked, should_stop=should_stop))
        facts = source.facts
        trimmed = Trimmed(source, trim or Trim())
        own = opened.enter_context(ExitStack())
        origin = Provenance.of(preset, facts.name)
        alongs: list[StreamCopyOptions] = []

        def opened_here(target: str | PathLike[str]) -> Sink:
            along = None
            if facts.path is not None:
                along = StreamCopyOptions(facts.path, trimmed.start_s, trimmed.end_s, audio, cover, drop_unsupported)
                alongs.append(along)
            return own.enter_context(
                open_sink(
                    target,
                    rate=facts.rate,
                    time_base=facts.time_base,
                    overwrite=overwrite,
                    encoding=encoding,
                    colorimetry=facts.colorimetry,
                    stream_copy=along,
                    provenance=origin,
                )
            )

        slow = [opened_here(target) for target in targets if isinstance(target, str | PathLike)]
        quick = [target for target in targets if not isinstance(target, str | PathLike)]
        tables: list[Sink] = []
        if scores is not None:
            path = Path(expanduser(scores))
            tables.append(own.enter_context(ScoreSink(path, provenance=origin, overwrite=overwrite)))
        if plot is not None:
            path = Path(expanduser(plot))
            tables.append(own.enter_context(PlotSink(path, provenance=origin, overwrite=overwrite)))
        drawn = Overlay(compiled.preset.overlay, compiled.preset.name, compare) if targets else None
        if drawn is not None:
            drawn.is_visible = overlay
        started = time.perf_counter()
        run = FileLoop(trimmed, facts, Renderer(compiled, color, drawn), (*quick, *tables), slow, alongs)
        run(progress, should_stop)
        if trim is not None and not run.means.frames and not run.is_interrupted:
            raise OptionError(
                f"start, end: no frame of {facts.name} lies between them; 'livefilter probe' shows its times"
            )
        outputs = _finish((*slow, *tables), is_complete=not run.is_interrupted)
        own.pop_all()
        seconds = time.perf_counter() - started
    sinks = (*slow, *quick, *tables)
    return Summary(
        source=facts.name,
        preset=compiled.preset.name,
        frames=run.means.frames,
        seconds=seconds,
        fps=run.means.frames / max(seconds, 1e-9),
        mean_score=run.means.mean,
        outputs=tuple(output for output in outputs if output is not None),
        loss="; ".join(filter(None, (run.loss, source.loss, *(made.loss for made in sinks)))) or None,
        is_interrupted=run.is_interrupted,
        dropped=source.health.counts.get("overrun", 0) if source.health is not None else 0,
        notes=(
            *(f"{facts.name}: {note}" for note in facts.notes),
            *(n for made in sinks for n in made.notes),
        ),
    )


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


def _kept(color: Color, are_videos: bool, is_drawn: bool) -> Color:
    """Return what frames should hold: the stream's own chroma where only videos take it, and nothing is drawn on it."""
    return "rgb" if color == "luma" and (is_drawn or not are_videos) else color


def _refuse_doubles(targets: Sequence[str]) -> None:
    """Refuse two outputs to one place."""
    for first, second in combinations(targets, 2):
        if abspath(expanduser(first)) == abspath(expanduser(second)):
            raise OptionError(f"{second}: is given for two outputs; each needs a place of its own")


def _refuse_input(source: str | int | PathLike[str], targets: Sequence[str]) -> None:
    """Refuse an output that is the input, or one of its pictures, under any name."""
    if isinstance(source, int):
        return
    path = Path(expanduser(source))
    read = list(path.iterdir()) if isdir(path) else [path] if exists(path) else list(map(Path, glob(str(path))))
    for target in targets:
        is_same_folder = isdir(path) and isdir(expanduser(target)) and samefile(path, expanduser(target))
        if is_same_folder or any(would_overwrite(target, file) for file in read):
            raise OptionError(f"{target}: is, or would be written over, the input; the output must be another file")
