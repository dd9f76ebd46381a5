"""Pictures as a stream: one file, a folder, or a glob, in natural order."""

from __future__ import annotations

import re
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
from livefilter.sources._source import Source, SourceFacts

PICTURE_SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".webp", ".pgm", ".ppm")
DEFAULT_RATE = Fraction(25)
_NAMED_AT_MOST = 5
_PNG = b"\x89PNG\r\n\x1a\n"
_DEFLATE_RATIO = 1032
"""How many bytes deflate can make of one, at most."""


class ImageFiles(Source):
    """Picture files as frames; one that cannot be read is passed over and named in ``loss``.

    Args:
        spec: A picture file, a folder of them, or a glob.
        rate: Frames per second that they stand for.
        is_coloured: Give BGR instead of gray.

    Raises:
        SourceError: Nothing there, no pictures among it, or none that can be read.
    """

    def __init__(self, spec: str, rate: Fraction = DEFAULT_RATE, *, is_coloured: bool = False) -> None:
        self.loss: str | None = None
        self._guard = CloseGuard()
        self._paths = _matching(spec)
        self._read = partial(_read, flags=cv2.IMREAD_COLOR if is_coloured else cv2.IMREAD_GRAYSCALE)
        readable = (pixels for pixels in map(self._read, self._paths) if pixels is not None)
        first = next(readable, None)
        if first is None:
            what = "is not" if len(self._paths) == 1 else f"none of its {len(self._paths)} files is"
            raise SourceError(f"{spec}: {what} a picture that can be read; it may be damaged, or of another format")
        rows, cols = first.shape[:2]
        self.facts = SourceFacts(Path(spec).name, (rows, cols), rate, 1 / rate, len(self._paths))

    def __iter__(self) -> Iterator[Frame]:
        return self._guard.iterate(self._frames())

    def close(self) -> None:
        """End the iteration; no picture is open."""
        self._guard.close()

    def _frames(self) -> Iterator[Frame]:
        unreadable: list[str] = []
        for index, path in enumerate(self._paths):
            pixels = self._read(path)
            if pixels is None:
                unreadable.append(path.name)
                self.loss = _named(unreadable, len(self._paths))
                continue
            yield Frame(pixels, index, index / self.facts.rate, time.monotonic_ns())


def _matching(spec: str) -> list[Path]:
    path = Path(expanduser(spec))
    if path.is_file():
        return [path]
    if path.is_dir():
        try:
            found = [entry for entry in path.iterdir() if entry.suffix.lower() in PICTURE_SUFFIXES]
        except OSError as error:
            raise SourceError(f"{spec}: the folder cannot be read: {error.strerror}") from error
        if not found:
            raise SourceError(f"{spec}: is a folder without pictures ({', '.join(PICTURE_SUFFIXES)})")
    else:
        found = [Path(name) for name in glob(str(path), recursive=True) if name.lower().endswith(PICTURE_SUFFIXES)]
        if not found:
            raise SourceError(f"{spec}: no picture matches")
    return sorted(found, key=_natural)


def _natural(path: Path) -> list[tuple[int, int, str]]:
    """Return a sort key that puts frame2 before frame10."""
    parts = re.split(r"(\d+)", str(path))
    key = [(1, int(part), "") if part.isdecimal() else (0, 0, part.lower()) for part in parts]
    return [*key, (0, 0, str(path))]  # So that names which differ only in their case keep one order.


def _named(unreadable: list[str], total: int) -> str:
    """Say which pictures could not be read, the first few by name."""
    more = len(unreadable) - _NAMED_AT_MOST
    names = ", ".join(unreadable[:_NAMED_AT_MOST]) + (f" and {more} more" if more > 0 else "")
    return f"{len(unreadable)} of {total} pictures could not be read: {names}"


def _read(path: Path, flags: int) -> Pixels | None:
    # By bytes rather than cv2.imread, which cannot open every name on Windows.
    try:
        encoded = np.fromfile(path, dtype=np.uint8)
        picture = cv2.imdecode(encoded, flags) if encoded.size and not _promises_too_much(encoded) else None
    except (OSError, cv2.error):  # OpenCV raises where a header promises more pixels than it will ever read.
        return None
    return None if picture is None else np.asarray(picture, dtype=np.uint8)


def _promises_too_much(encoded: NDArray[np.uint8]) -> bool:
    """Return whether a PNG's head tells of more rows than its bytes can hold, as damaged ones do.

    OpenCV sees that too, but first it takes gigabytes and many seconds.
    """
    head = encoded[:24].tobytes()
    if not head.startswith(_PNG) or len(head) < 24:
        return False
    cols, rows = struct.unpack_from(">II", head, 16)
    return bool(rows * (1 + cols // 8) > _DEFLATE_RATIO * encoded.size)
