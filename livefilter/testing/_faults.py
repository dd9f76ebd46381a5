"""A source that gives what a source should not give."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from fractions import Fraction
from typing import Any, cast

from livefilter.frame import Frame, Pixels
from livefilter.sources import CloseGuard, Source, SourceFacts


class FaultySource(Source):
    """A live source, or another one, that follows a script of faults.

    Args:
        pixels: uint8, the picture of every frame whose step does not bring its own.
        script: What it gives, step by step: a media time for a frame, which may be any object, even one that is no
            number; an array for a frame of another picture or size, a tenth of a period after the one before; None for
            no frame at all; an exception, which is raised.
        rate: Frames per second.
        is_live: As a camera.
        name: For people.

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
            is_picture = hasattr(step, "shape")
            if is_picture:
                time_s += 1 / self.facts.rate / 10
            elif isinstance(step, Fraction):
                time_s = step
            pixels = step if is_picture else self._pixels
            yield Frame(pixels, index, time_s if is_picture else step, time.monotonic_ns())
