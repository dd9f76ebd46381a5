"""From what a user types to a source."""

from __future__ import annotations

from fractions import Fraction
from glob import has_magic
from os import PathLike, fspath
from os.path import exists, expanduser
from pathlib import Path

from livefilter.errors import OptionError, SourceError
from livefilter.sources._source import Source


def open_source(spec: str | int | PathLike[str], *, rate: Fraction | None = None) -> Source:
    """Open a camera, a video file, pictures, or a synthetic scene.

    Each kind loads what it needs only when it is asked for.

    Args:
        spec: ``0`` or ``"camera:0"``; the path of a video file; a picture, a folder of pictures or a glob such as
            ``"frames/*.png"``; ``"synthetic:webcam"``, ``"synthetic:corridor"`` or ``"synthetic:chart"``.
        rate: Frames per second that pictures stand for, 25 unless given; other sources know their own.

    Returns:
        A source: use it in a ``with``, and iterate it for Frames.

    Raises:
        SourceError: There is no such thing, or it cannot be opened; the message says what to do.
        OptionError: A rate for a source that has one of its own, or one that is not positive.

    Example:
        >>> with open_source("synthetic:chart") as source:
        ...     source.facts.shape
        (360, 640)
    """
    if rate is not None and rate <= 0:
        raise OptionError(f"rate: must be positive, found {float(rate):g}")
    text = fspath(spec) if not isinstance(spec, int) else f"camera:{spec}"
    if not text:
        raise SourceError("the source is an empty text; give a camera (0), a file, a folder, a glob or synthetic:chart")
    if text.isdecimal():
        text = f"camera:{text}"
    if _is_pictures(text):
        from livefilter.sources._images import DEFAULT_RATE, Pictures

        return Pictures(text, rate or DEFAULT_RATE)
    if rate is not None:
        raise OptionError(f"rate: is for pictures only, and {text} has a rate of its own")
    if text.startswith("camera:"):
        from livefilter.sources._camera import Camera

        number = text.removeprefix("camera:")
        if not number.isdecimal():
            raise SourceError(f"{text}: a camera is camera:NUMBER, counted from 0; 'livefilter doctor' tries them")
        return Camera(int(number))
    if text.startswith("synthetic:"):
        from livefilter.sources._synthetic import Synthetic

        return Synthetic(text.removeprefix("synthetic:"))
    from livefilter.sources._video import VideoFile

    return VideoFile(Path(expanduser(text)))


def _is_pictures(text: str) -> bool:
    from livefilter.sources._images import PICTURE_SUFFIXES

    path = Path(expanduser(text))
    if exists(path):  # Not Path.exists, which raises for a name that is too long.
        return path.is_dir() or text.lower().endswith(PICTURE_SUFFIXES)
    return has_magic(text)
