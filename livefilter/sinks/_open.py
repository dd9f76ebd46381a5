"""Opening the sink for a path, by its suffix."""

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
    IMAGE_SUFFIXES,
    ImageSequenceSink,
    ImageSink,
    has_index_field,
    is_sequence,
    matches_pattern,
)
from livefilter.sinks._provenance import Provenance
from livefilter.sinks._sink import Sink
from livefilter.sinks.video import (
    STANDARD_OUTPUT,
    VIDEO_SUFFIXES,
    Encoding,
    StreamCopyOptions,
    VideoSink,
    resolve_encoder,
)


def open_sink(
    target: str | PathLike[str],
    *,
    rate: Fraction,
    time_base: Fraction,
    overwrite: bool = False,
    encoding: Encoding | None = None,
    colorimetry: Colorimetry | None = None,
    stream_copy: StreamCopyOptions | None = None,
    provenance: Provenance | None = None,
) -> Sink:
    """Open the sink for a path, by its suffix.

    Args:
        target: A video (.mp4, .m4v, .mov, .mkv, .webm, .avi, .gif, .apng), or "-" for a video on standard output; an
            image sequence (``frames/%05d.png``, or a folder: an existing one, or with a slash at its end); or a single
            image (``a.png``).
        rate: Nominal frames per second.
        time_base: Unit of the frames' times, in seconds: each is a whole multiple of it.
        overwrite: Replace existing files.
        encoding: Encoding of a video.
        colorimetry: Range, matrix, primaries and transfer of a video's luma.
        stream_copy: The file whose audio, subtitles, chapters and metadata are copied into a video.
        provenance: Source and preset, for a video's metadata.

    Raises:
        SinkError: The output cannot be created.
        OptionError: The suffix is unknown, or the encoding is not available.
    """
    path = _path(target)
    if path.suffix.lower() in IMAGE_SUFFIXES:
        kind = ImageSequenceSink if has_index_field(path) else ImageSink
        return kind(path, overwrite=overwrite)
    if path.suffix.lower() in VIDEO_SUFFIXES or str(target) == STANDARD_OUTPUT:
        return VideoSink(
            path,
            rate=rate,
            time_base=time_base,
            overwrite=overwrite,
            encoding=encoding,
            colorimetry=colorimetry,
            stream_copy=stream_copy,
            provenance=provenance,
        )
    known = ", ".join(VIDEO_SUFFIXES + IMAGE_SUFFIXES)
    raise OptionError(f"{target}: the ending must be one of {known}, or a folder; found {path.suffix or 'none'}")


def check_encoding(target: str | PathLike[str], encoding: Encoding) -> None:
    """Check that an encoding is available, as ``open_sink`` does. Call it before opening a source.

    The error quotes FFmpeg's log. Capturing the log while a decoder's thread writes to it can end that thread in the
    middle of its work when the program ends, and freeing the decoder then hangs.

    Raises:
        OptionError: A codec or setting does not exist, or is not available on this machine.
    """
    resolve_encoder(_path(target), encoding)


def is_image_path(target: str | PathLike[str]) -> bool:
    """Return whether a path is that of an image or an image sequence, rather than of a video."""
    return _path(target).suffix.lower() in IMAGE_SUFFIXES


def would_overwrite(target: str | PathLike[str], path: Path) -> bool:
    """Return whether an output to ``target`` would overwrite the file ``path``, be it by its unfinished part."""
    written = _path(target)
    if written.suffix.lower() in IMAGE_SUFFIXES and is_sequence(written):
        return matches_pattern(path, written) and _is_same(path.parent, written.parent)
    return _is_same(path, written) or _is_same(path, partial_path(written))


def _path(target: str | PathLike[str]) -> Path:
    """Return the path of a file, or the pattern of an image sequence if the target is a folder."""
    path = Path(expanduser(target))
    return path / DEFAULT_NAME if isdir(path) or str(target).endswith(("/", "\\")) else path


def _is_same(first: Path, second: Path) -> bool:
    return exists(first) and exists(second) and samefile(first, second)
