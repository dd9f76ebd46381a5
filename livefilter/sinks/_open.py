"""From the path that a user gives to a sink."""

from __future__ import annotations

from fractions import Fraction
from os import PathLike
from pathlib import Path

from livefilter.errors import OptionError
from livefilter.sinks._pictures import SEQUENCE_SUFFIXES, PictureSink
from livefilter.sinks._sink import Sink
from livefilter.sinks._video import VideoSink

_VIDEO_SUFFIXES = (".mp4", ".m4v", ".mov", ".mkv")


def open_sink(target: str | PathLike[str], *, rate: Fraction, time_base: Fraction, overwrite: bool = False) -> Sink:
    """Open the sink that a path's ending stands for.

    Args:
        target: A video (.mp4, .m4v, .mov, .mkv); pictures (``frames/%05d.png``, or a folder, written with a slash at
            its end or existing already).
        rate: Nominal frames per second.
        time_base: What frame times are whole multiples of.
        overwrite: Replace what exists.

    Raises:
        SinkError: It cannot be made.
        OptionError: The ending stands for nothing.
    """
    path = Path(target).expanduser()
    if path.is_dir() or str(target).endswith(("/", "\\")) or path.suffix.lower() in SEQUENCE_SUFFIXES:
        return PictureSink(path, overwrite=overwrite)
    if path.suffix.lower() in _VIDEO_SUFFIXES:
        return VideoSink(path, rate=rate, time_base=time_base, overwrite=overwrite)
    known = ", ".join(_VIDEO_SUFFIXES + SEQUENCE_SUFFIXES)
    raise OptionError(f"{target}: the ending must be one of {known}, or a folder; found {path.suffix or 'none'}")
