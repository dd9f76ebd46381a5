"""The type of synthetic scenes: pixels as a pure function of the frame index, with their ground truth."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Scene:
    """A seeded, endless, reproducible moving picture.

    The same index always gives the same pixels, on every machine and in any order of asking.

    Attributes:
        name: Name of the scene, and of the clip made of it.
        description: One sentence for people.
        shape: Rows and columns of every frame.
        rate: Frames per second.
        frame_count: Frames until the scene repeats.
        paint: Draws frame ``index``, 0 <= index < frame_count, as a uint8 array of ``shape``, full range.
        facts: Returns the ground truth of the frames, JSON-able.
    """

    name: str
    description: str
    shape: tuple[int, int]
    rate: Fraction
    frame_count: int
    paint: Callable[[int], NDArray[np.uint8]]
    facts: Callable[[], dict[str, object]]

    def __post_init__(self) -> None:
        """Hold the rules that every user of a scene relies on."""
        if min(self.shape) < 1 or self.frame_count < 1 or self.rate <= 0:
            raise ValueError(
                f"scene {self.name}: shape, rate and frame_count must be positive, "
                f"found {self.shape}, {self.rate}, {self.frame_count}"
            )

    def render(self, index: int) -> NDArray[np.uint8]:
        """Render one frame.

        Args:
            index: Frame index, >= 0. From ``frame_count`` on, the scene starts over.

        Returns:
            A new, writable, C-contiguous uint8 array of ``shape``, gray, 0 black to 255 white.

        Raises:
            ValueError: ``index`` is negative.
        """
        if index < 0:
            raise ValueError(f"frame index must be >= 0, found {index}")
        return self.paint(index % self.frame_count)

    def truth(self) -> dict[str, object]:
        """Return the ground truth of the frames.

        Returns:
            A new JSON-able mapping: ``description``, ``shape``, ``rate`` ("30/1"), ``frame_count`` and the scene's own
            facts. Positions are pixels; boxes are [top, left, bottom, right], the last two exclusive.
        """
        return {
            "description": self.description,
            "shape": list(self.shape),
            "rate": f"{self.rate.numerator}/{self.rate.denominator}",
            "frame_count": self.frame_count,
            **self.facts(),
        }
