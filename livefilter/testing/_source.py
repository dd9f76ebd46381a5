"""A source of arrays that can fail on purpose."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import islice

from livefilter.errors import SourceError
from livefilter.frame import Frame, Pixels
from livefilter.sources import CloseGuard, Source, SourceFacts


class ArraySource(Source):
    """A source that yields arrays as frames. Arrays of different shapes make a stream that changes its size.

    Args:
        arrays: uint8, gray or BGR, at least one.
        rate: Frames per second.
        times_s: Exact media time of each frame; by default ``index / rate``.
        fails_after: Raise a SourceError after this many frames; None never fails.
        loss: What the source reports as lost at its end.
        is_live: Behave as a camera.
        name: Name for people.

    Attributes:
        is_closed: ``close`` was called.

    Example:
        >>> import numpy as np
        >>> source = ArraySource([np.zeros((2, 3), np.uint8)] * 4, rate=Fraction(2))
        >>> [float(frame.time_s) for frame in source]
        [0.0, 0.5, 1.0, 1.5]
    """

    def __init__(
        self,
        arrays: Sequence[Pixels],
        *,
        rate: Fraction = Fraction(25),
        times_s: Sequence[Fraction] | None = None,
        fails_after: int | None = None,
        loss: str | None = None,
        is_live: bool = False,
        name: str = "arrays",
    ) -> None:
        if not arrays:
            raise ValueError("arrays: must be at least one, found none")
        if times_s is not None and len(times_s) != len(arrays):
            raise ValueError(f"times_s: must be one for each array, found {len(times_s)} for {len(arrays)}")
        self.loss: str | None = None
        self.is_closed = False
        self._guard = CloseGuard()
        self._arrays = arrays
        self._times_s = times_s if times_s is not None else [index / rate for index in range(len(arrays))]
        self._fails_after = fails_after
        self._loss = loss
        rows, cols = arrays[0].shape[:2]
        time_base = 1 / rate if times_s is None else Fraction(1, 90_000)
        self.facts = SourceFacts(name, (rows, cols), rate, time_base, len(arrays), is_live)

    def __iter__(self) -> Iterator[Frame]:
        return self._guard.iterate(self._frames())

    def close(self) -> None:
        """Note that it was closed, and end the iteration."""
        self.is_closed = True
        self._guard.close()

    def _frames(self) -> Iterator[Frame]:
        whole = zip(self._arrays, self._times_s, strict=True)
        for index, (pixels, time_s) in enumerate(islice(whole, self._fails_after)):
            yield Frame(pixels, index, time_s, round(time_s * 1_000_000_000))
        if self._fails_after is not None:
            raise SourceError(f"{self.facts.name}: set to fail after {self._fails_after} frames")
        self.loss = self._loss
