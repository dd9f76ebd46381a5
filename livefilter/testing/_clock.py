"""A clock that a test advances."""

from __future__ import annotations


class FakeClock:
    """Monotonic clock, in seconds, that stands still until `advance`.

    Example:
        >>> clock = FakeClock()
        >>> clock.advance(1.5)
        >>> clock()
        1.5
    """

    def __init__(self, now_s: float = 0.0) -> None:
        self._now_s = now_s

    def __call__(self) -> float:
        """Return the time in seconds."""
        return self._now_s

    def advance(self, seconds: float) -> None:
        """Advance the clock; it never goes back."""
        if seconds < 0:
            raise ValueError(f"time does not go back, found {seconds}")
        self._now_s += seconds
