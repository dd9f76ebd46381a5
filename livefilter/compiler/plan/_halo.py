"""Borders and halos: what a window sees outside the frame, and how the first window reads the frame in place.

Where a border is handled:

1. ``livefilter.kernels.border_indices`` says which row or column replaces one outside the frame, for each border
   mode; it gives OUTSIDE for the zeros of "constant".
2. ``compiler/_buffers.py`` (``make_address_tables``) writes these indices into tables. ``window_offsets`` and
   ``source_rows`` handle the rows above and below the frame; ``border_columns`` handles the columns left and right.
3. Generated code contains no border cases: it reads rows through the tables, and after it has written a row it calls
   ``fill_border_columns`` (``compiler/lanes``) to fill the columns beside it. ``compiler/emit/_pass.py`` writes the
   call; for a frame read in place, ``compiler/emit/_halo.py`` writes one of ``fill_halo_columns``.
4. A "wrap" border below the first stage needs rows that do not exist yet, so ``plan_chain`` starts another pass there.

``livefilter.kernels.reference.pad`` is the specification that all of this must reproduce.

The halo. Copying each row of the frame into a ring with a border around it costs small kernels a seventh of their time.
So the first window reads the frame itself, along whole rows; results whose window extends past the end of a row are
wrong, and are computed again from halo rows. A halo row holds the two ends of one row of the frame:

    left border | first columns of the row | last columns of the row | right border

Halo rows of neighbouring rows are stored one after the other, and one loop runs over a whole batch: a window in a row
of halo rows is a window in many rows of the frame. Results where two halo rows meet are discarded.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

VECTOR_COLUMNS = 64
"""Columns of one vector: rows read in place are processed in multiples of it, so that no loop ends in single lanes."""
MIN_IN_PLACE_COLUMNS = 4 * VECTOR_COLUMNS
"""Halo rows of narrower frames hold whole rows; nothing is read in place."""
_OVERREAD = 3
"""Columns after the last window that a loop may read, where its length is not rounded up."""
_BATCH_COLUMNS = 4096
"""Approximate number of columns in a batch of halo rows."""
_MIN_BATCH_ROWS = 16
"""Minimum rows of a batch: the last rows that its windows see are copied again for the next batch."""


class HaloLayout(NamedTuple):
    """Sizes for frames of one width, in the order in which a pass receives them.

    Attributes:
        parts: 2, or 1 if frames are so narrow that halo rows hold whole rows.
        batch: Rows computed from halo rows at once; an even number.
        halo_pitch: Columns from one halo row to the next.
        halo_odd: Where the halo rows of odd rows start, if rows are computed in pairs; else 0.
        halo_rows: Number of halo rows that fit in the buffer.
        halo_cols: Columns of the frame in each halo row.
        halo_right: Results at the right end of a row that come from halo rows; 0 if all do.
        in_place: Results of a row computed in place. The last of them, as many as there are results at the left end,
            lie past the end of the row and mean nothing; the next row overwrites them.
        in_place_last: The same for rows after which nothing may be read or written.
    """

    parts: int
    batch: int
    halo_pitch: int
    halo_odd: int
    halo_rows: int
    halo_cols: int
    halo_right: int
    in_place: int
    in_place_last: int


@dataclass(frozen=True, slots=True)
class Halo:
    """The halo of a window: what its results at the two ends of a row need.

    Attributes:
        left: Columns of the window left of the result.
        right: Columns of the window right of the result.
        height: Rows of the window.
        pairs_rows: Two rows are computed in one loop and share rows of pixels; the halo rows of even rows and of odd
            rows are then stored apart.
    """

    left: int
    right: int
    height: int
    pairs_rows: bool

    @property
    def left_cols(self) -> int:
        """First columns of a row that are kept: those that the border reflects and that the left results see."""
        return self.left + max(self.right, 1)

    @property
    def right_results(self) -> int:
        """Results at the right end that come from halo rows, where rows end in whole vectors.

        Elsewhere there are VECTOR_COLUMNS more.
        """
        return self.right + _OVERREAD + 3

    def layout(self, cols: int) -> HaloLayout:
        """Lay out halo rows for frames of ``cols`` columns."""
        in_place = cols // VECTOR_COLUMNS * VECTOR_COLUMNS
        in_place_last = (cols - self.left - self.right - _OVERREAD) // 4 * 4
        if cols < MIN_IN_PLACE_COLUMNS:
            parts, halo_cols, right = 1, cols, 0
        else:
            is_whole = cols - in_place <= self.left + self.right_results
            right = self.right_results if is_whole else self.right_results + VECTOR_COLUMNS
            parts, halo_cols = 2, self.left_cols + self.left + right
        pitch = self.left + halo_cols + self.right
        batch = max(_BATCH_COLUMNS // pitch, _MIN_BATCH_ROWS) // 2 * 2
        rows = batch + self.height
        odd = (rows + 1) // 2 * pitch if self.pairs_rows else 0
        return HaloLayout(parts, batch, pitch, odd, rows, halo_cols, right, in_place, in_place_last)

    def row_offsets(self, layout: HaloLayout) -> list[int]:
        """Return where each halo row of a batch starts; its results start at the same offsets."""
        if not self.pairs_rows:
            return [at * layout.halo_pitch for at in range(layout.halo_rows)]
        return [at % 2 * layout.halo_odd + at // 2 * layout.halo_pitch for at in range(layout.halo_rows)]
