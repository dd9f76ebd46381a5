"""Every frame of a source through a filter into sinks, in order, none left out."""

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
from typing import Literal, cast

from livefilter.compiler import Filter, to_gray
from livefilter.errors import OptionError, SourceError
from livefilter.overlays import Compare, Overlay
from livefilter.pipeline._summary import Progress, ScoreMean, Summary
from livefilter.presets import Preset, load_preset
from livefilter.sinks import Encoding, Origin, ScoreSink, Sink, open_sink, replaces
from livefilter.sources import Source, SourceOptions, Trim, open_source

Color = Literal["gray", "luma", "rgb"]
Target = Sink | str | PathLike[str]


def process(
    source: Source | str | int | PathLike[str],
    sink: Target | Sequence[Target] | None,
    preset: Preset | str | PathLike[str],
    *,
    scores: str | PathLike[str] | None = None,
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
    drop_unsupported: bool = False,
    source_options: SourceOptions | None = None,
) -> Summary:
    """Filter and score every frame of a source.

    Outputs are written beside their targets and moved into place at the end. If the run is interrupted, by
    ``should_stop`` or by KeyboardInterrupt, they are finished under ``<name>.partial<ending>`` and can be played. After
    any other error nothing unfinished is left behind. If a source breaks, or changes its size, midway, what came before
    is complete, and ``loss`` says what happened.

    Args:
        source: An open Source, which stays open, or what ``open_source`` takes.
        sink: Where pictures go: paths as ``open_sink`` takes them, or open Sinks, which stay open; several, one, or
            None: then only scores are made, and no step of the preset is run.
        preset: A Preset, the name of one, or the path of its YAML file.
        scores: Where scores go: a .csv, .jsonl or .parquet file, or "-" for JSON Lines on standard output.
        overlay: Draw what the preset's overlay settings say.
        compare: Show the original too: "side", "wipe" or "pip".
        overwrite: Replace outputs that exist.
        threads: Threads that may work on one frame.
        progress: Called after every frame.
        should_stop: Asked before every frame; True ends the run.
        encoding: How the pictures of videos are encoded.
        trim: The part of the source that is kept.
        color: "gray" filters and writes the luma, "luma" keeps the chroma beside it, "rgb" filters each channel.
        audio: Copy the source's sound into videos.
        drop_unsupported: Leave out what of the source a video's container cannot hold, instead of refusing it.
        source_options: How the source is opened, unless it is an open one.

    Raises:
        SourceError: The source cannot be opened or read.
        SinkError: An output cannot be written.
        PresetError: The preset is missing or not valid.
        OptionError: An option cannot be used, or an output is the input.
        MissingPackageError: A .parquet file is wanted, and pyarrow is not installed.

    Example:
        >>> summary = process("synthetic:chart", None, "edge", should_stop=iter([False, True]).__next__)
        >>> summary.frames, summary.is_interrupted
        (1, True)
    """
    if trim is not None or color != "gray" or not audio or drop_unsupported:
        raise OptionError("trim, color, audio, drop_unsupported: cannot be chosen yet; leave them out")
    targets = [] if sink is None else list(sink) if isinstance(sink, list | tuple) else [cast(Target, sink)]
    preset = preset if isinstance(preset, Preset) else load_preset(preset)
    # Scores are of the unfiltered picture, so where nobody takes the filtered one no step is run.
    compiled = Filter(preset if targets else preset.model_copy(update={"steps": ()}), threads=threads)
    with ExitStack() as opened:
        paths = [os.fspath(target) for target in [*targets, scores] if isinstance(target, str | PathLike)]
        _refuse_doubles(paths)
        if isinstance(source, str | int | PathLike):
            _refuse_input(source, paths)
            source = opened.enter_context(open_source(source, source_options, should_stop=should_stop))
        facts = source.facts
        own = opened.enter_context(ExitStack())
        sinks: list[Sink] = [
            own.enter_context(
                open_sink(target, rate=facts.rate, time_base=facts.time_base, overwrite=overwrite, encoding=encoding)
            )
            if isinstance(target, str | PathLike)
            else target
            for target in targets
        ]
        if scores is not None:
            origin = Origin.of(preset, facts.name)
            sinks.append(own.enter_context(ScoreSink(Path(expanduser(scores)), origin=origin, overwrite=overwrite)))
        drawn = Overlay(compiled.preset.overlay, compiled.preset.name, compare) if targets else None
        if drawn is not None:
            drawn.is_shown = overlay
        started = time.perf_counter()
        means, loss, is_interrupted = _run(source, compiled, drawn, sinks, progress, should_stop)
        outputs = [made.finish(is_complete=not is_interrupted) for made in sinks if made not in targets]
        own.pop_all()
        seconds = time.perf_counter() - started
    return Summary(
        source=facts.name,
        preset=compiled.preset.name,
        frames=means.frames,
        seconds=seconds,
        fps=means.frames / max(seconds, 1e-9),
        mean_score=means.mean,
        outputs=tuple(output for output in outputs if output is not None),
        loss="; ".join(filter(None, (loss, source.loss))) or None,
        is_interrupted=is_interrupted,
    )


def _run(
    source: Source,
    compiled: Filter,
    overlay: Overlay | None,
    sinks: Sequence[Sink],
    progress: Callable[[Progress], object] | None,
    should_stop: Callable[[], bool],
) -> tuple[ScoreMean, str | None, bool]:
    """Return the scores' means, what was lost, and whether the run was stopped."""
    facts, means = source.facts, ScoreMean()
    try:
        for frame in source:
            if should_stop():
                return means, None, True
            pixels = to_gray(frame.pixels)
            if pixels.shape != facts.shape:
                raise SourceError(f"the size changed from {facts.shape} to {pixels.shape} at frame {frame.index}")
            result = compiled(pixels)
            picture = result.image
            if overlay is not None:
                picture = overlay.draw(pixels, result.image, result.score, frame.time_s)
            shown = replace(frame, pixels=picture)
            for sink in sinks:
                sink.write(shown, result.score)
            means.add(result.score)
            if progress is not None:
                progress(Progress(means.frames, facts.frame_count))
    except SourceError as error:
        if means.frames == 0:
            raise
        return means, f"{facts.name}: {error}; the output holds what came before", False
    return means, None, False


def _refuse_doubles(targets: Sequence[str]) -> None:
    """Refuse two outputs to one place."""
    for first, second in combinations(targets, 2):
        if abspath(expanduser(first)) == abspath(expanduser(second)):
            raise OptionError(f"{second}: is given for two outputs; each needs a place of its own")


def _refuse_input(source: str | int | PathLike[str], targets: Sequence[str]) -> None:
    """Refuse an output that is the input, or one of its pictures, under whatever name."""
    if isinstance(source, int):
        return
    path = Path(expanduser(source))
    read = list(path.iterdir()) if isdir(path) else [path] if exists(path) else list(map(Path, glob(str(path))))
    for target in targets:
        is_same_folder = isdir(path) and isdir(expanduser(target)) and samefile(path, expanduser(target))
        if is_same_folder or any(replaces(target, file) for file in read):
            raise OptionError(f"{target}: is, or would be written over, the input; the output must be another file")
