"""Builder of generated source text, and the memory that the text needs: rows of sums, lookup tables, coefficients."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Literal

from livefilter.compiler.plan import Lane

Buffer = Literal["u16", "i32", "f32"]
"""The arrays that hold rows of sums, by element type."""
BUFFERS: dict[Lane, Buffer] = {"uint16": "u16", "int16": "u16", "int32": "i32", "float32": "f32"}
PHASE_NAMES = {2: ("even", "odd"), 4: ("q0", "q1", "q2", "q3")}
"""Names of the pixels of one lane: pairs in 16 bits, quads in 32."""


@dataclass(frozen=True, slots=True)
class SumRow:
    """One row of sums, its columns deinterleaved into two or four arrays, so that pixels of one lane share loads.

    Attributes:
        buffer: Name of the array that holds the row.
        starts: Names of the offsets of the first element of each deinterleaved array.
    """

    buffer: Buffer
    starts: tuple[str, ...]

    def address(self, col: int) -> str:
        """Return where window column ``col`` of lane 0 is stored, and the lane, as two arguments."""
        index, phase = divmod(col, len(self.starts))
        return f"{self.starts[phase]}" + (f" + {index}" if index else "") + ", x"


@dataclass(slots=True)
class SourceBuilder:
    """Lines of source under construction.

    Attributes:
        lines: The body of the function so far.
        preamble: Assignments for the top of the function.
        coefficients: Weights that the source reads from memory.
        luts: Tables of 256 gray levels that the source reads from memory.
        sum_rows: Number of rows of sums in each buffer.
        loop: Number of the innermost lane loop.
        depth: Levels of indentation.
    """

    lines: list[str] = field(default_factory=list)
    preamble: list[str] = field(default_factory=list)
    coefficients: list[int] = field(default_factory=list)
    luts: list[bytes] = field(default_factory=list)
    sum_rows: dict[Buffer, int] = field(default_factory=lambda: {"u16": 0, "i32": 0, "f32": 0})
    loop: int = 0
    depth: int = 1

    def line(self, text: str = "") -> None:
        """Append one line."""
        self.lines.append("    " * self.depth + text if text else "")

    def rewrite_last(self, name: str, expression: str) -> None:
        """Assign ``expression`` to ``name``; ``{}`` in it is the old value of ``name``, and it uses no other variable.

        If the last line that mentions the variable assigns it, that line is rewritten: Numba walks through the whole
        function for every variable that is assigned twice.
        """
        head = "    " * self.depth + f"{name} = "
        uses = re.compile(rf"\b{name}\b")
        last = next((at for at in range(len(self.lines) - 1, -1, -1) if uses.search(self.lines[at])), None)
        if last is not None and self.lines[last].startswith(head) and expression.count("{}") == 1:
            self.lines[last] = head + expression.format(self.lines[last].removeprefix(head))
        else:
            self.line(f"{name} = {expression.format(name)}")

    @contextmanager
    def block(self, head: str) -> Iterator[None]:
        """Write an indented block under ``head``."""
        self.line(head)
        self.depth += 1
        yield
        self.depth -= 1

    @contextmanager
    def lane_loop(self, count: str) -> Iterator[None]:
        """Write an inner loop over lanes, ``x``; ``self.loop`` is its number."""
        self.loop += 1
        with self.block(f"for x in lanes({count}):"):
            yield

    def sum_row(self, lane: Lane, name: str, phases: int = 2, part: str = "") -> SumRow:
        """Reserve one row of sums, or two, of which the expression ``part`` (0 or 1) selects one."""
        buffer = BUFFERS[lane]
        starts = []
        for phase in PHASE_NAMES[phases]:
            starts.append(f"{name}_{phase}")
            if part:
                self.line(f"{starts[-1]} = ({self.sum_rows[buffer]} + {part}) * sum_row_size")
            else:
                self.preamble.append(f"{starts[-1]} = {self.sum_rows[buffer]} * sum_row_size")
            self.sum_rows[buffer] += 2 if part else 1
        return SumRow(buffer, tuple(starts))

    def load(self, row: SumRow, col: int) -> str:
        """Return the expression for the sum at window column ``col``."""
        return f"load({row.buffer}, {row.address(col)}, {self.loop})"

    def load_own(self, row: SumRow, phase: int) -> str:
        """Return the expression for this lane's sum in a row that the same loop stores to."""
        return f"load({row.buffer}, {row.address(phase)}, 0)"

    def store(self, row: SumRow, phase: int, value: str) -> None:
        """Append a line that stores a sum of this lane."""
        self.line(f"store({row.buffer}, {row.address(phase)}, {value}, {self.loop})")
