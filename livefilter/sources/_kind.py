"""The kinds of sources, and how a source's name tells its kind."""

from __future__ import annotations

from enum import StrEnum
from glob import has_magic
from os import PathLike, fspath
from os.path import exists, expanduser
from pathlib import Path

from livefilter.sources._urls import SCHEMES, is_url

DEVICE_PATHS = ("/dev/video", "/dev/v4l/")
IMAGE_SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".webp", ".pgm", ".ppm")


class SourceKind(StrEnum):
    """A kind of source; the value names it in messages."""

    CAMERA = "camera"
    STREAM = "stream"
    REMOTE_FILE = "video on a server"
    VIDEO_FILE = "video file"
    IMAGES = "images"
    SAMPLE = "sample clip"
    SCENE = "synthetic scene"
    STANDARD_INPUT = "standard input"

    @property
    def is_live(self) -> bool:
        """Whether frames arrive in real time, without an end."""
        return self in (SourceKind.CAMERA, SourceKind.STREAM)

    @property
    def is_stored(self) -> bool:
        """Whether the same frames can be read more than once."""
        return self in (SourceKind.VIDEO_FILE, SourceKind.IMAGES, SourceKind.SCENE)

    @property
    def plural(self) -> str:
        """The kind's name for several sources."""
        match self:
            case SourceKind.IMAGES | SourceKind.STANDARD_INPUT:
                return self.value
            case SourceKind.REMOTE_FILE:
                return "videos on a server"
            case _:
                return f"{self.value}s"


def kind_of(spec: str | int | PathLike[str]) -> SourceKind:
    """Return the kind of source that a name, path or URL stands for. Nothing is opened.

    The address of a video on a server looks like a stream's, so it counts as a stream until it is open.

    Args:
        spec: A source as ``open_source`` takes it.

    Example:
        >>> kind_of(0).value, kind_of("rtsp://camera/stream").is_live, kind_of("clip.mp4").value
        ('camera', True, 'video file')
    """
    if isinstance(spec, int):
        return SourceKind.CAMERA
    text = fspath(spec)
    if text.isdecimal() or text.startswith(("camera:", *DEVICE_PATHS)):
        return SourceKind.CAMERA
    if text == "-":
        return SourceKind.STANDARD_INPUT
    if is_url(text) or text.partition(":")[0].lower() in SCHEMES:
        return SourceKind.STREAM
    if text.startswith("sample:"):
        return SourceKind.SAMPLE
    if text.startswith("synthetic:"):
        return SourceKind.SCENE
    return SourceKind.IMAGES if _names_images(text) else SourceKind.VIDEO_FILE


def _names_images(text: str) -> bool:
    path = Path(expanduser(text))
    if exists(path):  # Not Path.exists, which raises for a name that is too long.
        return path.is_dir() or text.lower().endswith(IMAGE_SUFFIXES)
    return has_magic(text)
