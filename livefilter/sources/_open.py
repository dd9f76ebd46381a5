"""From what a user types to the source that is meant."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from glob import has_magic
from os import PathLike, fspath
from os.path import exists, expanduser
from pathlib import Path
from typing import Any

from livefilter.errors import SourceError
from livefilter.sources._options import SourceKind, SourceOptions
from livefilter.sources._source import Source
from livefilter.sources._urls import SCHEMES, is_url, redact

_DEVICES = ("/dev/video", "/dev/v4l/")


def open_source(
    spec: str | int | PathLike[str],
    options: SourceOptions | None = None,
    *,
    should_stop: Callable[[], bool] = lambda: False,
    **changes: Any,
) -> Source:
    """Open a camera, a stream, a video file, pictures, a synthetic scene, or standard input.

    Each kind loads what it needs only when it is asked for.

    Args:
        spec: ``0``, ``"camera:0"`` or ``"/dev/video0"``; the path of a video file; a picture, a folder of pictures or a
            glob such as ``"frames/*.png"``; ``"synthetic:webcam"``, ``"synthetic:corridor"`` or ``"synthetic:chart"``;
            an address such as ``"rtsp://camera/stream"`` or ``"http://camera/video.mjpg"``; ``"-"`` for standard input
            (YUV4MPEG2, JPEG pictures one after the other, or raw video with ``input_format``).
        options: How it is opened.
        should_stop: Asked while the source waits for something to come; True ends the stream.
        **changes: Fields of SourceOptions, in place of, or changing, ``options``.

    Returns:
        A source: use it in a ``with``, and iterate it for Frames.

    Raises:
        SourceError: There is no such thing, or it cannot be opened; the message says what to do.
        OptionError: An option that this kind of source does not take, or whose value cannot be used.

    Example:
        >>> with open_source("synthetic:chart", loop=True) as source:
        ...     source.facts.shape
        (360, 640)
    """
    asked = replace(options or SourceOptions(), **changes)
    text = fspath(spec) if not isinstance(spec, int) else f"camera:{spec}"
    if not text:
        raise SourceError("the source is an empty text; give a camera (0), a file, a folder, a glob or synthetic:chart")
    scheme, _, rest = text.partition(":")
    if scheme.lower() in SCHEMES and not rest.startswith("//"):
        # Nothing more of it is shown: there may be a password in it.
        raise SourceError(f"{scheme}: an address is {scheme}://host/path; there must be two slashes after the colon")
    kind = _kind(text)
    asked.reject_unsupported(kind, redact(text) if kind == "stream" else text)
    match kind:
        case "camera":
            return _camera(text, asked, should_stop)
        case "stream":
            return _stream(text, asked, should_stop)
        case "standard input":
            from livefilter.sources.stdin._source import open_standard_input

            return open_standard_input(asked, should_stop)
        case _:
            return _stored(partial(_open_stored, kind, text, asked), asked, should_stop)


def display_name(spec: str) -> str:
    """Return what a source may be called while it is not open: without its folder, and without credentials.

    Example:
        >>> title_of("clips/hall.mp4"), title_of("rtsp://admin:secret@cam/live"), title_of("-")
        ('hall.mp4', 'rtsp://cam/live', 'standard input')
    """
    if spec == "-":
        return "standard input"
    return redact(spec) if is_url(spec) else Path(spec).name or spec


def _kind(text: str) -> SourceKind:
    if text.isdecimal() or text.startswith(("camera:", *_DEVICES)):
        return "camera"
    if text == "-":
        return "standard input"
    if is_url(text):
        return "stream"
    if text.startswith("synthetic:"):
        return "synthetic scene"
    return "pictures" if _is_pictures(text) else "video file"


def _camera(text: str, asked: SourceOptions, should_stop: Callable[[], bool]) -> Source:
    number = text.removeprefix("camera:")
    is_path = text.startswith(_DEVICES)
    if not number.isdecimal() and not is_path:
        raise SourceError(f"{text}: a camera is camera:NUMBER, counted from 0; 'livefilter devices' lists them")
    from livefilter.sources.camera._reader import CameraReader, ask_permission
    from livefilter.sources.live._reconnecting import ReconnectingSource

    name = Path(text).name if is_path else f"camera {int(number)}"
    device = text if is_path else int(number)
    if sys.platform == "darwin" and not is_path:
        ask_permission(int(number))
    open_reader = partial(CameraReader, device, name, asked)
    return ReconnectingSource(name, open_reader, asked, should_stop=should_stop, is_there=partial(exists, device))


def _stream(url: str, asked: SourceOptions, should_stop: Callable[[], bool]) -> Source:
    scheme, name = url.partition(":")[0].lower(), redact(url)
    if scheme not in SCHEMES:
        raise SourceError(f"{name}: unknown kind of address; known: {', '.join(SCHEMES)}")
    from livefilter.sources._network import NetworkReader, RemoteFile
    from livefilter.sources.live._open_timeout import open_with_timeout
    from livefilter.sources.live._reconnecting import ReconnectingSource

    first = open_with_timeout(name, partial(NetworkReader, url, asked), asked.open_timeout_s, should_stop)
    if first.is_finite:
        asked.reject_unsupported("video on a server", name)
        return RemoteFile(first, name)
    opened = [first]

    def open_reader() -> NetworkReader:
        return opened.pop() if opened else NetworkReader(url, asked, is_first=False)

    return ReconnectingSource(name, open_reader, asked, should_stop=should_stop)


def _open_stored(kind: SourceKind, text: str, asked: SourceOptions) -> Source:
    if kind == "pictures":
        from livefilter.sources._images import DEFAULT_RATE, ImageFiles

        return ImageFiles(text, asked.rate or DEFAULT_RATE, is_coloured=asked.color != "gray")
    if kind == "synthetic scene":
        from livefilter.sources._synthetic import Synthetic

        return Synthetic(text.removeprefix("synthetic:"))
    from livefilter.sources.file._video import VideoFile

    return VideoFile(Path(expanduser(text)), color=asked.color)


def _stored(open_again: Callable[[], Source], asked: SourceOptions, should_stop: Callable[[], bool]) -> Source:
    from livefilter.sources._playback import LoopedSource, RealtimeSource

    source = LoopedSource(open_again) if asked.loop else open_again()
    return RealtimeSource(source, should_stop=should_stop) if asked.realtime else source


def _is_pictures(text: str) -> bool:
    from livefilter.sources._images import PICTURE_SUFFIXES

    path = Path(expanduser(text))
    if exists(path):  # Not Path.exists, which raises for a name that is too long.
        return path.is_dir() or text.lower().endswith(PICTURE_SUFFIXES)
    return has_magic(text)
