"""How the first window of a sweep reads the frame in place.

Copying every row of the frame into a ring with a border around it costs small kernels a seventh of their time. So the
first window reads the frame itself, along whole rows, and what comes out where it reached over their ends is made once
more, from side rows. A side row holds what one row of the frame has at its sides:

    left margin | the row's first columns | its last columns | right margin

Side rows of neighbouring rows lie one behind the other, and one loop runs over a batch of them: a window in a row of
side rows is a window in many rows of the frame. What is made where two of them meet is of no use, and nobody takes it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

LANES = 64
"""As many columns as a vector has lanes: rows are made in place by multiples of it, so no loop ends in single lanes."""
NARROWEST = 4 * LANES
"""Side rows of narrower frames hold whole rows; nothing is made in place."""
_READ_ON = 3
"""Columns behind the last window that loops may read, where they are not rounded up."""
_COLUMNS = 4096
"""A batch of side rows has about so many."""
_LEAST_ROWS = 16
"""A batch has no fewer rows: the last ones that its windows see are made once more for the next batch."""


class Layout(NamedTuple):
    """Sizes for frames of one width, in the order in which a sweep is given them.

    Attributes:
        parts: 2, or 1 if frames are so narrow that side rows hold whole rows.
        batch: Rows that are made from side rows at once, an even number.
        side_pitch: Columns from one side row to the next.
        side_half: From the side rows of even rows to those of odd rows, if two rows are made in one loop.
        side_rows: How many there is room for.
        side_cols: The frame's columns in each.
        side_right: How many results at the right are taken from side rows; 0 if all are.
        whole: Results of a row that are made in place. Up to as many of them as there are at the left lie behind the
            row's end; the row below overwrites them.
        inside: The same for rows behind which nothing may be read or written.
    """

    parts: int
    batch: int
    side_pitch: int
    side_half: int
    side_rows: int
    side_cols: int
    side_right: int
    whole: int
    inside: int


@dataclass(frozen=True, slots=True)
class Sides:
    """What a window needs of a row's sides.

    Attributes:
        left: Columns of the window left of the result.
        beyond: Right of it.
        height: Rows of the window.
        makes_two_rows: Two rows are made in one loop, which see the same rows of pixels; the side rows of even and of
            odd rows then lie apart.
    """

    left: int
    beyond: int
    height: int
    makes_two_rows: bool

    @property
    def first(self) -> int:
        """How many of a row's first columns are kept: those that margins mirror, and that the left results see."""
        return self.left + max(self.beyond, 1)

    @property
    def right(self) -> int:
        """How many results at the right are taken from side rows, LANES more where rows do not end in whole vectors."""
        return self.beyond + _READ_ON + 3

    def layout(self, cols: int) -> Layout:
        """Lay out side rows for frames of ``cols`` columns."""
        whole = cols // LANES * LANES
        inside = (cols - self.left - self.beyond - _READ_ON) // 4 * 4
        if cols < NARROWEST:
            parts, kept, right = 1, cols, 0
        else:
            right = self.right if cols - whole <= self.left + self.right else self.right + LANES
            parts, kept = 2, self.first + self.left + right
        pitch = self.left + kept + self.beyond
        batch = max(_COLUMNS // pitch, _LEAST_ROWS) // 2 * 2
        rows = batch + self.height
        half = (rows + 1) // 2 * pitch if self.makes_two_rows else 0
        return Layout(parts, batch, pitch, half, rows, kept, right, whole, inside)

    def seats(self, layout: Layout) -> list[int]:
        """Return where the side rows of a batch begin, and likewise their results."""
        if not self.makes_two_rows:
            return [at * layout.side_pitch for at in range(layout.side_rows)]
        return [at % 2 * layout.side_half + at // 2 * layout.side_pitch for at in range(layout.side_rows)]
