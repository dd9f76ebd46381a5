"""Standard input as a source, and the options of raw video."""

from __future__ import annotations

import sys
from collections.abc import Callable

from livefilter.errors import OptionError, SourceError
from livefilter.sources._options import SourceOptions
from livefilter.sources.file._byte_stream import ByteStream
from livefilter.sources.file._video import VideoFile

NAME = "standard input"
_PIXEL_FORMATS = {"gray8": "gray", "bgr24": "bgr24"}


def open_standard_input(options: SourceOptions, should_stop: Callable[[], bool] = lambda: False) -> VideoFile:
    """Open the video on standard input, in any format that FFmpeg reads from a pipe.

    Raises:
        SourceError: Standard input is empty, a terminal, or holds no video.
        OptionError: Raw video lacks a size or a rate, or there is a size or a rate for a format that has its own.
        KeyboardInterrupt: ``should_stop`` told to stop before the first frame.
    """
    if sys.stdin is None or sys.stdin.closed:
        raise SourceError(f"{NAME}: is closed; pipe a video into it")
    if sys.stdin.isatty():
        raise SourceError(f"{NAME}: is a terminal; pipe a video into it: ffmpeg -i clip.mp4 -f nut - | livefilter …")
    raw = raw_video(options)
    stream = ByteStream(sys.stdin.fileno(), NAME, should_stop)
    try:
        return VideoFile(stream, color=options.color, rate=options.rate, raw=raw, background=options.background)
    except SourceError:
        if stream.is_interrupted:
            raise KeyboardInterrupt from None
        raise


def raw_video(options: SourceOptions) -> dict[str, str] | None:
    """Return FFmpeg's options of raw video; None for other formats.

    Raises:
        OptionError: Raw video lacks a size or a rate, or there is a size for a format that has its own.
    """
    if options.input_format is None:
        if options.size is not None:
            raise OptionError("size: is for raw video (--input-format) only; the other formats have their own")
        return None
    if options.size is None or options.rate is None:
        raise OptionError(
            f"input_format: {options.input_format} needs a size and a rate; add --size 1280x720 --rate 30"
        )
    rows, cols = options.size
    pixel_format = _PIXEL_FORMATS[options.input_format]
    return {"video_size": f"{cols}x{rows}", "pixel_format": pixel_format, "framerate": str(options.rate)}
