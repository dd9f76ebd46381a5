"""JPEG pictures one after the other, without anything between them: where each begins and ends."""

from __future__ import annotations

import re
from collections.abc import Callable

SOI = b"\xff\xd8"
_START = b"\xff\xd8\xff"
_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
"""What ends the coded pixels: neither a stuffed zero, nor a restart, nor a fill byte."""
_END, _BEGIN, _SCAN = 0xD9, 0xD8, 0xDA
_WITHOUT_LENGTH = {0x01, *range(0xD0, 0xD8)}
_LARGEST = 1 << 27


class JpegSplitter:
    """Cuts a stream of bytes into JPEG pictures, by their markers: previews inside their headers do not count.

    Args:
        read_some: Returns the next bytes, none at the end.

    Attributes:
        skipped: Bytes that belonged to no whole picture.
        torn: Pictures that ended before their end.
    """

    def __init__(self, read_some: Callable[[], bytes]) -> None:
        self.skipped = 0
        self.torn = 0
        self._read_some = read_some
        self._held = bytearray()

    def next(self) -> bytes | None:
        """Return the bytes of the next whole picture; None at the end."""
        while self._find_start():
            at = len(SOI)
            while (marker := self._marker_at(at)) is not None:
                at, code = marker
                if code == _END:
                    picture = bytes(self._held[:at])
                    del self._held[:at]
                    return picture
                if code == _BEGIN:
                    break
                at = self._after_segment(at, code)
            # It ended too soon, or something stands in it that is no JPEG: on with what begins after it. A length that
            # is wrong may have led past that.
            self.torn += 1
            del self._held[: at - len(SOI) if marker else len(SOI)]
        return None

    def _find_start(self) -> bool:
        """Drop bytes until a picture begins; False if none does any more."""
        while (found := self._held.find(_START)) < 0:
            # The last two may be the beginning of one.
            drop = max(len(self._held) - len(SOI), 0)
            self.skipped += drop
            del self._held[:drop]
            if not self._hold(len(self._held) + 1):
                self.skipped += len(self._held)
                self._held.clear()
                return False
        self.skipped += found
        del self._held[:found]
        return True

    def _marker_at(self, at: int) -> tuple[int, int] | None:
        """Return where the bytes after a marker begin, and its code; None if no marker is there."""
        while self._hold(at + 2):
            if self._held[at] != 0xFF:
                return None
            if self._held[at + 1] != 0xFF:  # Any number of these may fill up the space before a marker.
                return at + 2, self._held[at + 1]
            at += 1
        return None

    def _after_segment(self, at: int, code: int) -> int:
        """Return where the next marker must be."""
        if code in _WITHOUT_LENGTH:
            return at
        if not self._hold(at + 2):
            return at
        at += int.from_bytes(self._held[at : at + 2], "big")
        if code != _SCAN:
            return at
        while (found := _MARKER.search(self._held, at)) is None:
            at = max(at, len(self._held) - 1)
            if len(self._held) > _LARGEST or not self._hold(len(self._held) + 1):
                return len(self._held)
        return found.start()

    def _hold(self, count: int) -> bool:
        """Read until so many bytes are held; False if there are not so many."""
        while len(self._held) < count:
            more = self._read_some()
            if not more:
                return False
            self._held += more
        return True
