"""Noticing that a live picture froze."""

from __future__ import annotations

import numpy as np

from livefilter.frame import Pixels

_STRIDE = 8
_NANOSECONDS = 1_000_000_000


class FreezeDetector:
    """Notices that a picture has not changed at all for some time; a sensor's noise alone changes it.

    Args:
        after_s: For how long it must be the same, in seconds; 0 never notes anything.
    """

    def __init__(self, after_s: float) -> None:
        self._after_ns = after_s * _NANOSECONDS
        self._last: Pixels | None = None
        self._since_ns = 0

    def update(self, pixels: Pixels, captured_ns: int) -> bool:
        """Return whether this picture, and all for long enough before it, are the same."""
        if not self._after_ns:
            return False
        last, self._last = self._last, pixels
        if last is None or not _is_same(last, pixels):
            self._since_ns = captured_ns
        return captured_ns - self._since_ns >= self._after_ns


def _is_same(first: Pixels, second: Pixels) -> bool:
    # A few of the pixels tell of most pictures that they differ.
    few = np.s_[::_STRIDE, ::_STRIDE]
    return np.array_equal(first[few], second[few]) and np.array_equal(first, second)
