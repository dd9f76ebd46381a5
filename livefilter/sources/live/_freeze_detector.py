"""Detection of frozen frames."""

from __future__ import annotations

import numpy as np

from livefilter.frame import Pixels

_STRIDE = 8
_NANOSECONDS = 1_000_000_000


class FreezeDetector:
    """Detects that frames have not changed at all for some time. The noise of a working sensor changes every frame.

    Args:
        after_s: How long frames must be identical, in seconds; 0 never detects anything.
    """

    def __init__(self, after_s: float) -> None:
        self._after_ns = after_s * _NANOSECONDS
        self._last: Pixels | None = None
        self._since_ns = 0

    def update(self, pixels: Pixels, captured_ns: int) -> bool:
        """Return whether this frame and all frames of the last ``after_s`` seconds are identical."""
        if not self._after_ns:
            return False
        last, self._last = self._last, pixels
        if last is None or not _is_same(last, pixels):
            self._since_ns = captured_ns
        return captured_ns - self._since_ns >= self._after_ns


def _is_same(first: Pixels, second: Pixels) -> bool:
    # Most frames differ in a few of their pixels.
    sample = np.s_[::_STRIDE, ::_STRIDE]
    return np.array_equal(first[sample], second[sample]) and np.array_equal(first, second)
