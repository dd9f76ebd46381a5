"""Opening any kind of source from the name, path or URL that a user types."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from difflib import get_close_matches
from functools import partial
from os import PathLike, fspath
from os.path import expanduser
from pathlib import Path
from typing import Any

from livefilter.errors import SourceError
from livefilter.sources._kind import DEVICE_PATHS, SourceKind, kind_of
from livefilter.sources._options import SourceOptions
from livefilter.sources._source import Source
from livefilter.sources._urls import SCHEMES, is_url, redact

_SHIPPED = {"webcam": "sample:webcam", "corridor": "sample:corridor", "chart": "synthetic:chart"}


def open_source(
    spec: str | int | PathLike[str],
    options: SourceOptions | None = None,
    *,
    should_stop: Callable[[], bool] = lambda: False,
    **changes: Any,
) -> Source:
    """Open a camera, a stream, a video file, images, a sample clip, the synthetic test chart, or standard input.

    Each kind of source loads its libraries on first use.

    Args:
        spec: A camera (``0``, ``"camera:0"``, ``"/dev/video0"``); the path of a video file; an image, a folder of
            images or a glob such as ``"frames/*.png"``; a clip that livefilter ships, ``"sample:webcam"`` or
            ``"sample:corridor"``; the test chart, ``"synthetic:chart"``; a URL such as ``"rtsp://camera/stream"`` or
            ``"http://camera/video.mjpg"``; or ``"-"`` for standard input, in any format
            that FFmpeg reads from a pipe (raw video with ``input_format``).
        options: Options for opening it.
        should_stop: Polled while the source waits for data; True ends the stream.
        **changes: Fields of SourceOptions; they replace those of ``options``.

    Returns:
        An open source. Use it in a ``with`` block, and iterate it for Frames.

    Raises:
        SourceError: The source does not exist or cannot be opened; the message says what to do.
        OptionError: An option does not apply to this kind of source, or its value is out of range.

    Example:
        >>> with open_source("synthetic:chart", loop=True) as source:
        ...     source.facts.shape
        (360, 640)
    """
    options = replace(options or SourceOptions(), **changes)
    text = fspath(spec) if not isinstance(spec, int) else f"camera:{spec}"
    if not text:
        raise SourceError("the source is an empty text; use a camera (0), a file, a folder, a glob or sample:webcam")
    scheme, _, tail = text.partition(":")
    if scheme.lower() in SCHEMES and not tail.startswith("//"):
        # The rest of the address is not shown: it may hold a password.
        raise SourceError(f"{scheme}: a URL is {scheme}://host/path; put two slashes after the colon")
    kind = kind_of(text)
    options.reject_unsupported(kind, redact(text) if kind is SourceKind.STREAM else text)
    match kind:
        case SourceKind.CAMERA:
            return _open_camera(text, options, should_stop)
        case SourceKind.STREAM:
            return _open_stream(text, options, should_stop)
        case SourceKind.STANDARD_INPUT:
            from livefilter.sources.file import open_standard_input

            return open_standard_input(options, should_stop)
        case _:
            return _play(partial(_open_stored, kind, text, options), options, should_stop)


def display_name(spec: str) -> str:
    """Return a name for a source that is not open: without its folder, and without credentials.

    Example:
        >>> display_name("clips/hall.mp4"), display_name("rtsp://admin:secret@cam/live"), display_name("-")
        ('hall.mp4', 'rtsp://cam/live', 'standard input')
    """
    if spec == "-":
        return "standard input"
    return redact(spec) if is_url(spec) else Path(spec).name or spec


def _open_camera(text: str, options: SourceOptions, should_stop: Callable[[], bool]) -> Source:
    number = text.removeprefix("camera:")
    is_path = text.startswith(DEVICE_PATHS)
    if not number.isdecimal() and not is_path:
        raise SourceError(f"{text}: a camera is camera:NUMBER, counted from 0; 'livefilter devices' lists them")
    from livefilter.sources.camera import CameraReader, camera_exists, request_permission
    from livefilter.sources.live import ReconnectingSource

    name = Path(text).name if is_path else f"camera {int(number)}"
    device = text if is_path else int(number)
    if sys.platform == "darwin" and not is_path:
        request_permission(int(number))
    open_reader = partial(CameraReader, device, name, options)
    is_present = partial(camera_exists, device)
    return ReconnectingSource(name, open_reader, options, should_stop=should_stop, is_present=is_present)


def _open_stream(url: str, options: SourceOptions, should_stop: Callable[[], bool]) -> Source:
    scheme, name = url.partition(":")[0].lower(), redact(url)
    if scheme not in SCHEMES:
        raise SourceError(f"{name}: the URL scheme is unknown; known: {', '.join(SCHEMES)}")
    from livefilter.sources._network import NetworkReader, RemoteFile
    from livefilter.sources.live import ReconnectingSource, open_with_timeout

    first = open_with_timeout(name, partial(NetworkReader, url, options), options.open_timeout_s, should_stop)
    if first.is_finite:
        options.reject_unsupported(SourceKind.REMOTE_FILE, name)
        return RemoteFile(first, name, options.color)
    opened = [first]

    def open_reader() -> NetworkReader:
        return opened.pop() if opened else NetworkReader(url, options, is_first=False)

    return ReconnectingSource(name, open_reader, options, should_stop=should_stop)


def _open_stored(kind: SourceKind, text: str, options: SourceOptions) -> Source:
    if kind is SourceKind.IMAGES:
        from livefilter.sources._images import ImageFiles

        return ImageFiles(text, options.rate, color=options.color, background=options.background)
    if kind in (SourceKind.SAMPLE, SourceKind.SCENE):
        _check_shipped(kind, text)
    if kind is SourceKind.SCENE:
        from livefilter.sources.synthetic import CHART, SyntheticSource

        return SyntheticSource(CHART)
    from livefilter.resources import resource_folder
    from livefilter.sources.file import VideoFile, raw_video

    raw = raw_video(options)
    is_sample = kind is SourceKind.SAMPLE
    path = resource_folder("recordings") / f"{text.removeprefix('sample:')}.mp4" if is_sample else expanduser(text)
    return VideoFile(Path(path), color=options.color, rate=options.rate, raw=raw, background=options.background)


def _check_shipped(kind: SourceKind, text: str) -> None:
    if text not in _SHIPPED.values():
        near = get_close_matches(text.partition(":")[2], _SHIPPED, n=1)
        advice = f"use {_SHIPPED[near[0]]}" if near else f"there are {', '.join(_SHIPPED.values())}"
        raise SourceError(f"{text}: there is no such {kind.value}; {advice}")


def _play(open_again: Callable[[], Source], options: SourceOptions, should_stop: Callable[[], bool]) -> Source:
    from livefilter.sources._playback import LoopedSource, RealtimeSource

    source = LoopedSource(open_again) if options.loop else open_again()
    return RealtimeSource(source, should_stop=should_stop) if options.realtime else source
