"""Boundaries of concatenated JPEG images."""

from __future__ import annotations

import re
from collections.abc import Callable

SOI = b"\xff\xd8"
_START = b"\xff\xd8\xff"
_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
"""A marker that ends the coded pixels: no stuffed zero, no restart marker, no fill byte."""
_END, _BEGIN, _SCAN = 0xD9, 0xD8, 0xDA
_WITHOUT_LENGTH = {0x01, *range(0xD0, 0xD8)}


class JpegSplitter:
    """Splits a stream of bytes into JPEG images, by their markers. Thumbnails inside their headers do not count.

    Args:
        read_some: Returns the next bytes, none at the end.
        max_image_bytes: Give up an image whose pixels do not end within so many bytes.

    Attributes:
        skipped: Number of bytes that belong to no whole image.
        torn: Number of images that broke off.
    """

    def __init__(self, read_some: Callable[[], bytes], *, max_image_bytes: int = 1 << 27) -> None:
        self.skipped = 0
        self.torn = 0
        self._read_some = read_some
        self._max_image_bytes = max_image_bytes
        self._buffer = bytearray()

    def next(self) -> bytes | None:
        """Return the bytes of the next whole image; None at the end."""
        while self._find_start():
            at = len(SOI)
            while (marker := self._marker_at(at)) is not None:
                at, code = marker
                if code == _END:
                    image = bytes(self._buffer[:at])
                    del self._buffer[:at]
                    return image
                if code == _BEGIN:
                    break
                at = self._after_segment(at, code)
            # The image broke off, or holds something that is no JPEG. Go on with the next start inside it: a wrong
            # length may have led past that.
            self.torn += 1
            del self._buffer[: at - len(SOI) if marker else len(SOI)]
        return None

    def _find_start(self) -> bool:
        """Drop bytes until an image begins; False if there is none."""
        while (start := self._buffer.find(_START)) < 0:
            # The last two bytes may begin one.
            drop = max(len(self._buffer) - len(SOI), 0)
            self.skipped += drop
            del self._buffer[:drop]
            if not self._fill(len(self._buffer) + 1):
                self.skipped += len(self._buffer)
                self._buffer.clear()
                return False
        self.skipped += start
        del self._buffer[:start]
        return True

    def _marker_at(self, at: int) -> tuple[int, int] | None:
        """Return the position after a marker, and its code; None if no marker is there."""
        while self._fill(at + 2):
            if self._buffer[at] != 0xFF:
                return None
            if self._buffer[at + 1] != 0xFF:  # Any number of fill bytes may precede a marker.
                return at + 2, self._buffer[at + 1]
            at += 1
        return None

    def _after_segment(self, at: int, code: int) -> int:
        """Return the position of the next marker."""
        if code in _WITHOUT_LENGTH:
            return at
        if not self._fill(at + 2):
            return at
        at += int.from_bytes(self._buffer[at : at + 2], "big")
        if code != _SCAN:
            return at
        while (marker := _MARKER.search(self._buffer, at)) is None:
            at = max(at, len(self._buffer) - 1)
            if len(self._buffer) > self._max_image_bytes or not self._fill(len(self._buffer) + 1):
                return len(self._buffer)
        return marker.start()

    def _fill(self, count: int) -> bool:
        """Read until the buffer holds at least ``count`` bytes; False if the stream ends first."""
        while len(self._buffer) < count:
            more = self._read_some()
            if not more:
                return False
            self._buffer += more
        return True
