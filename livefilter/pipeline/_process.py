"""File processing, as users call it: every frame of a source through a preset, into sinks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from os import PathLike
from typing import Any

from livefilter.analysers import Analyser
from livefilter.frame import Color
from livefilter.kernels import Zone
from livefilter.layers import Compare
from livefilter.pipeline._options import ProcessOptions
from livefilter.pipeline._run import Target, run
from livefilter.pipeline._summary import Progress, Summary
from livefilter.presets import Preset, load_preset
from livefilter.sinks import Encoding
from livefilter.sources import Source, SourceOptions, Trim


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
    color: Color | None = None,
    audio: bool = True,
    cover: bool = True,
    drop_unsupported: bool = False,
    source_options: SourceOptions | None = None,
    analysers: Sequence[Analyser] = (),
    zones: Mapping[str, Any] | Iterable[Zone] | None = None,
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
            Default: what the preset says.
        audio: Copy the source's sound into videos.
        cover: Copy the source's cover into videos, as it is: no filter is run on it.
        drop_unsupported: Leave out what of the source a video's container cannot hold, instead of refusing it.
        source_options: How the source is opened, unless it is an open one.
        analysers: Look at every frame, in order, before it is filtered.
        zones: Parts of the frame that have scores of their own: corners [x, y] by name, in fractions of the width and
            height from the top left. Default: the preset's zones.

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
    options = ProcessOptions(
        preset=(preset if isinstance(preset, Preset) else load_preset(preset)).with_zones(zones),
        overlay=overlay,
        compare=compare,
        color=color,
        audio=audio,
        cover=cover,
        drop_unsupported=drop_unsupported,
        encoding=encoding,
        trim=trim,
        source_options=source_options,
        overwrite=overwrite,
        threads=threads,
    )
    return run(
        source,
        sink,
        options,
        scores=scores,
        plot=plot,
        progress=progress,
        should_stop=should_stop,
        analysers=analysers,
    )
