"""A source with scripted faults."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from fractions import Fraction
from typing import Any, cast

from livefilter.frame import Frame, Pixels
from livefilter.sources import CloseGuard, Source, SourceFacts


class FaultySource(Source):
    """A source, live or not, that follows a script of faults.

    Args:
        pixels: uint8, the pixels of every frame whose step has none of its own.
        script: The steps. A media time yields a frame at that time, and may be any object, even one that is not a
            number; an array yields a frame with these pixels, a tenth of a period after the last one; None yields None
            instead of a frame; an exception is raised.
        rate: Frames per second.
        is_live: Behave as a camera.
        name: Name for people.

    Example:
        >>> import numpy as np
        >>> source = FaultySource(np.zeros((2, 3), np.uint8), [Fraction(0), None, float("nan")])
        >>> [None if frame is None else frame.time_s for frame in source]
        [Fraction(0, 1), None, nan]
    """

    def __init__(
        self,
        pixels: Pixels,
        script: Iterable[Any],
        *,
        rate: Fraction = Fraction(25),
        is_live: bool = False,
        name: str = "faults",
    ) -> None:
        self.loss: str | None = None
        self._guard = CloseGuard()
        self._pixels = pixels
        self._script = script
        rows, cols = pixels.shape[:2]
        self.facts = SourceFacts(name, (rows, cols), rate, Fraction(1, 90_000), None, is_live)

    def __iter__(self) -> Iterator[Frame]:
        return self._guard.iterate(self._frames())

    def close(self) -> None:
        """End the iteration; a script holds nothing open."""
        self._guard.close()

    def _frames(self) -> Iterator[Frame]:
        time_s = Fraction(0)
        for index, step in enumerate(self._script):
            if isinstance(step, BaseException):
                raise step
            if step is None:
                yield cast(Frame, None)
                continue
            is_array = hasattr(step, "shape")
            if is_array:
                time_s += 1 / self.facts.rate / 10
            elif isinstance(step, Fraction):
                time_s = step
            pixels = step if is_array else self._pixels
            yield Frame(pixels, index, time_s if is_array else step, time.monotonic_ns())
