"""From the path that a user gives to a sink."""

from __future__ import annotations

from fractions import Fraction
from os import PathLike
from os.path import exists, expanduser, isdir, samefile
from pathlib import Path

from livefilter.errors import OptionError
from livefilter.frame import Colorimetry
from livefilter.sinks._atomic_file import partial_path
from livefilter.sinks._images import (
    DEFAULT_NAME,
    SEQUENCE_SUFFIXES,
    ImageSequenceSink,
    ImageSink,
    is_of_sequence,
    is_sequence,
    is_single,
)
from livefilter.sinks._provenance import Provenance
from livefilter.sinks._sink import Sink
from livefilter.sinks.video._encoder import STANDARD_OUTPUT, VIDEO_SUFFIXES, resolve_encoder
from livefilter.sinks.video._encoding import Encoding
from livefilter.sinks.video._remux import StreamCopyOptions
from livefilter.sinks.video._sink import VideoSink


def open_sink(
    target: str | PathLike[str],
    *,
    rate: Fraction,
    time_base: Fraction,
    overwrite: bool = False,
    encoding: Encoding | None = None,
    look: Colorimetry | None = None,
    along: StreamCopyOptions | None = None,
    origin: Provenance | None = None,
) -> Sink:
    """Open the sink that a path's ending stands for.

    Args:
        target: A video (.mp4, .m4v, .mov, .mkv, .webm, .avi, .gif, .apng), or "-" for one on standard output; pictures
            (``frames/%05d.png``, or a folder, written with a slash at its end or existing already), or one (``a.png``).
        rate: Nominal frames per second.
        time_base: What frame times are whole multiples of.
        overwrite: Replace what exists.
        encoding: How the pictures of a video are encoded.
        look: How the numbers of a video's luma are meant.
        along: The file whose sound, subtitles, chapters and metadata are copied into a video.
        origin: What a video notes that it was made by.

    Raises:
        SinkError: It cannot be made.
        OptionError: The ending stands for nothing, or the encoding cannot be had.
    """
    path = _path(target)
    if path.suffix.lower() in SEQUENCE_SUFFIXES:
        one_or_many = ImageSink if is_single(path) else ImageSequenceSink
        return one_or_many(path, overwrite=overwrite)
    if path.suffix.lower() in VIDEO_SUFFIXES or str(target) == STANDARD_OUTPUT:
        return VideoSink(
            path,
            rate=rate,
            time_base=time_base,
            overwrite=overwrite,
            encoding=encoding,
            look=look,
            along=along,
            origin=origin,
        )
    known = ", ".join(VIDEO_SUFFIXES + SEQUENCE_SUFFIXES)
    raise OptionError(f"{target}: the ending must be one of {known}, or a folder; found {path.suffix or 'none'}")


def try_encoding(target: str | PathLike[str], encoding: Encoding) -> None:
    """Refuse an encoding that cannot be had, as ``open_sink`` does, but before a source is opened.

    To ask FFmpeg why, its log is listened to, and a thread of a decoder that has something to say meanwhile would be
    ended in the middle of its work where the program ends of it: whoever then frees the decoder waits for ever.

    Raises:
        OptionError: A codec or setting that does not exist, or not here.
    """
    resolve_encoder(_path(target), encoding)


def is_pictures(target: str | PathLike[str]) -> bool:
    """Return whether a path stands for a sequence of pictures, rather than for a video."""
    return _path(target).suffix.lower() in SEQUENCE_SUFFIXES


def replaces(target: str | PathLike[str], path: Path) -> bool:
    """Return whether an output to ``target`` would be written over the file ``path``, even if only while it is made."""
    written = _path(target)
    if written.suffix.lower() in SEQUENCE_SUFFIXES and is_sequence(written):
        return is_of_sequence(path, written) and _is_same(path.parent, written.parent)
    return _is_same(path, written) or _is_same(path, partial_path(written))


def _path(target: str | PathLike[str]) -> Path:
    """Return the path of a file, or the pattern of a sequence where a folder is meant."""
    path = Path(expanduser(target))
    return path / DEFAULT_NAME if isdir(path) or str(target).endswith(("/", "\\")) else path


def _is_same(first: Path, second: Path) -> bool:
    return exists(first) and exists(second) and samefile(first, second)
