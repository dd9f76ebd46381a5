"""Image files as a stream: one file, a folder, or a glob, in natural order."""

from __future__ import annotations

import struct
import time
from collections.abc import Iterator
from fractions import Fraction
from functools import partial
from glob import glob
from os.path import expanduser
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from livefilter.errors import SourceError
from livefilter.frame import Frame, Pixels
from livefilter.sources._close_guard import CloseGuard
from livefilter.sources._kind import IMAGE_SUFFIXES
from livefilter.sources._natural_sort import natural_sort_key
from livefilter.sources._source import Source, SourceFacts

DEFAULT_RATE = Fraction(25)
_MAX_NAMED = 5
_PNG = b"\x89PNG\r\n\x1a\n"
_DEFLATE_RATIO = 1032
"""Largest compression ratio of deflate."""


class ImageFiles(Source):
    """Image files as frames. Unreadable files are skipped and listed in ``loss``.

    Args:
        spec: An image file, a folder of images, or a glob.
        rate: Frames per second of the stream.
        is_coloured: Read BGR instead of gray.

    Raises:
        SourceError: Nothing matches, there is no image, or none can be read.
    """

    def __init__(self, spec: str, rate: Fraction = DEFAULT_RATE, *, is_coloured: bool = False) -> None:
        self.loss: str | None = None
        self._guard = CloseGuard()
        self._paths = _find_images(spec)
        self._read = partial(_read, flags=cv2.IMREAD_COLOR if is_coloured else cv2.IMREAD_GRAYSCALE)
        readable = (pixels for pixels in map(self._read, self._paths) if pixels is not None)
        first = next(readable, None)
        if first is None:
            subject = "is not" if len(self._paths) == 1 else f"none of its {len(self._paths)} files is"
            raise SourceError(f"{spec}: {subject} a readable image; it may be damaged, or of an unsupported format")
        rows, cols = first.shape[:2]
        self.facts = SourceFacts(Path(spec).name, (rows, cols), rate, 1 / rate, len(self._paths))

    def __iter__(self) -> Iterator[Frame]:
        return self._guard.iterate(self._frames())

    def close(self) -> None:
        """End the iteration; no file is open."""
        self._guard.close()

    def _frames(self) -> Iterator[Frame]:
        unreadable: list[str] = []
        for index, path in enumerate(self._paths):
            pixels = self._read(path)
            if pixels is None:
                unreadable.append(path.name)
                self.loss = _list_unreadable(unreadable, len(self._paths))
                continue
            yield Frame(pixels, index, index / self.facts.rate, time.monotonic_ns())


def _find_images(spec: str) -> list[Path]:
    path = Path(expanduser(spec))
    if path.is_file():
        return [path]
    if path.is_dir():
        try:
            paths = [entry for entry in path.iterdir() if entry.suffix.lower() in IMAGE_SUFFIXES]
        except OSError as error:
            raise SourceError(f"{spec}: the folder cannot be read: {error.strerror}") from error
        if not paths:
            raise SourceError(f"{spec}: is a folder without images ({', '.join(IMAGE_SUFFIXES)})")
    else:
        paths = [Path(name) for name in glob(str(path), recursive=True) if name.lower().endswith(IMAGE_SUFFIXES)]
        if not paths:
            raise SourceError(f"{spec}: no image matches")
    return sorted(paths, key=natural_sort_key)


def _list_unreadable(unreadable: list[str], total: int) -> str:
    """Describe which images could not be read, with the first few names."""
    more = len(unreadable) - _MAX_NAMED
    names = ", ".join(unreadable[:_MAX_NAMED]) + (f" and {more} more" if more > 0 else "")
    return f"{len(unreadable)} of {total} images could not be read: {names}"


def _read(path: Path, flags: int) -> Pixels | None:
    # By bytes rather than cv2.imread, which cannot open every name on Windows.
    try:
        encoded = np.fromfile(path, dtype=np.uint8)
        image = cv2.imdecode(encoded, flags) if encoded.size and not _declares_too_many_rows(encoded) else None
    except (OSError, cv2.error):  # OpenCV raises if a header declares more pixels than its limit.
        return None
    return None if image is None else np.asarray(image, dtype=np.uint8)


def _declares_too_many_rows(encoded: NDArray[np.uint8]) -> bool:
    """Return whether a PNG's header declares more rows than its bytes can hold, as damaged ones do.

    OpenCV detects that too, but only after it has taken gigabytes and many seconds.
    """
    header = encoded[:24].tobytes()
    if not header.startswith(_PNG) or len(header) < 24:
        return False
    cols, rows = struct.unpack_from(">II", header, 16)
    return bool(rows * (1 + cols // 8) > _DEFLATE_RATIO * encoded.size)
