"""The input window of a stage: where the source finds the rows of pixels."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from livefilter.compiler.emit._builder import SourceBuilder


@dataclass(frozen=True, slots=True)
class InputWindow:
    """Where the rows of a window are while one output row is computed.

    Attributes:
        tag: Distinguishes the names of this window's variables from those of other windows.
        array: Name of the array that holds the rows.
        row: Expression for the offset of a row, ``{i}`` being any integer expression for its index in the window.
        phases: Pixels per lane, 2 or 4.
        count: Expression for the number of such pairs or quads in an output row.
        lane_multiple: Expression for a power of two; the length of loops over column sums is rounded up to a multiple
            of it.
        is_first: Expression for whether there are no running sums of a row before.
        zeros: Expressions for an array and for the offset of a row of zeros in it.
        part: Expression for which of two parts of the row is computed, 0 or 1, if it is computed in parts.
    """

    tag: str
    array: str
    row: str
    phases: int
    count: str
    lane_multiple: str = "1"
    is_first: str = ""
    zeros: str = ""
    part: str = ""

    @property
    def prefix(self) -> str:
        """``{prefix}{i}`` is the variable for the offset of window row i, ``{prefix}before`` for the row above them."""
        return f"row{self.tag}_"

    def column_count(self, extra: int) -> str:
        """Return the expression for the number of pairs of columns to sum, ``extra`` more than there are results."""
        pairs = self.count if self.phases == 2 else f"2 * {self.count}"
        return f"({pairs} + {extra - 1} + {self.lane_multiple}) & -{self.lane_multiple}"

    def emit_row_offsets(self, builder: SourceBuilder, rows: Iterable[int]) -> None:
        """Write the lines that assign row offsets to variables; -1 is the row above the window."""
        for i in sorted(set(rows)):
            builder.line(f"{self.prefix}{i if i >= 0 else 'before'} = {self.row.format(i=i)}")
