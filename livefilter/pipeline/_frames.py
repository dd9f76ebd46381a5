"""Pipelines without a picture at their end: frames with their results, one by one, and scores alone."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack
from os import PathLike
from typing import Any

from livefilter.compiler import Filter, Filtered
from livefilter.frame import Frame
from livefilter.kernels import Zone
from livefilter.pipeline._analysis import AnalyserChain, zone_analysers
from livefilter.pipeline._process import process
from livefilter.pipeline._renderer import Renderer
from livefilter.pipeline._summary import Progress, Summary
from livefilter.presets import Preset, load_preset
from livefilter.sources import Source, SourceOptions, Trim, Trimmed, open_source


def filter_frames(
    source: Source | str | int | PathLike[str],
    preset: Preset | str | PathLike[str],
    *,
    threads: int | None = None,
    trim: Trim | None = None,
    source_options: SourceOptions | None = None,
    zones: Mapping[str, Any] | Iterable[Zone] | None = None,
) -> Iterator[tuple[Frame, Filtered]]:
    """Yield every frame of a source with its filtered picture and score.

    The source and the preset are opened when the first frame is asked for. A source that is opened here is closed with
    the generator: at its end, or when it is dropped or its ``close`` is called.

    Args:
        source: An open Source, which stays open, or what ``open_source`` takes.
        preset: A Preset, the name of one, or the path of its YAML file.
        threads: Threads that may work on one frame.
        trim: The part of the source that is read.
        source_options: How a source is opened that is not open yet.
        zones: As for `process`; by default the preset's.

    Yields:
        The frame as it was read, and what the filter made of it: new arrays, which may be kept. Its ``zones`` have the
        scores of the zones.

    Raises:
        SourceError: The source cannot be opened or read.
        PresetError: The preset is missing or not valid.
        OptionError: An option cannot be used.

    Example:
        >>> for frame, result in filter_frames("synthetic:chart", "blur"):
        ...     if frame.index == 2:
        ...         break
        >>> float(frame.time_s), result.image.shape, round(result.score.density, 2)
        (0.08, (360, 640), 0.25)
    """
    preset = (preset if isinstance(preset, Preset) else load_preset(preset)).with_zones(zones)
    renderer = Renderer(Filter(preset, threads=threads), color="gray")
    chain = AnalyserChain(zone_analysers(preset, threads))
    with ExitStack() as opened:
        if isinstance(source, str | int | PathLike):
            source = opened.enter_context(open_source(source, source_options))
        for frame in Trimmed(source, trim or Trim()):
            for analysed in chain.push(frame):
                result = renderer.apply(*analysed)
                yield frame, Filtered(result.filtered, result.score, result.analysis.zones)


def score(
    source: Source | str | int | PathLike[str],
    preset: Preset | str | PathLike[str] = "edge",
    *,
    scores: str | PathLike[str] | None = None,
    plot: str | PathLike[str] | None = None,
    overwrite: bool = False,
    threads: int | None = None,
    progress: Callable[[Progress], object] | None = None,
    should_stop: Callable[[], bool] = lambda: False,
    source_options: SourceOptions | None = None,
    trim: Trim | None = None,
    zones: Mapping[str, Any] | Iterable[Zone] | None = None,
) -> Summary:
    """Score every frame of a source; no picture is made.

    Args:
        source: An open Source, which stays open, or what ``open_source`` takes.
        preset: A Preset, the name of one, or the path of its YAML file. It gives the score's kernels and threshold;
            its steps are not run, since scores are of the unfiltered picture.
        scores: Where a row for each frame goes: a .csv, .jsonl or .parquet file, or "-" for JSON Lines on standard
            output.
        plot: Where a figure of the scores over time goes, with the frames that have the lowest and the highest of each:
            a .png, .svg or .pdf file.
        overwrite: Replace files that exist.
        threads: Threads that may work on one frame.
        progress: Called after every frame.
        should_stop: Asked before every frame; True ends the run.
        source_options: How a source is opened that is not open yet.
        trim: The part of the source that is scored.
        zones: As for `process`; by default the preset's.

    Returns:
        How many frames there were, and the mean of each score.

    Raises:
        SourceError: The source cannot be opened or read.
        SinkError: The table cannot be written.
        PresetError: The preset is missing or not valid.
        OptionError: An option cannot be used.
        MissingPackageError: A .parquet file is wanted, and pyarrow is not installed; or a plot, and matplotlib is not.

    Example:
        >>> summary = score("synthetic:chart", should_stop=iter([False, False, True]).__next__)
        >>> summary.frames, summary.is_interrupted, round(summary.mean_score.density, 2)
        (2, True, 0.25)
    """
    return process(
        source,
        None,
        preset,
        scores=scores,
        plot=plot,
        overwrite=overwrite,
        threads=threads,
        progress=progress,
        should_stop=should_stop,
        source_options=source_options,
        trim=trim,
        zones=zones,
    )
