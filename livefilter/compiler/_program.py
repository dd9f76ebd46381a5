"""The text of a generated program, and what it asks of the workspace."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Literal

from livefilter.compiler._range import Lane

Store = Literal["words", "ints", "singles"]
STORES: dict[Lane, Store] = {"uint16": "words", "int16": "words", "int32": "ints", "float32": "singles"}
PARITIES = ("even", "odd")


@dataclass(frozen=True, slots=True)
class Plane:
    """One row of sums, even columns and odd columns apart; ``even`` and ``odd`` are names of their first elements."""

    store: Store
    even: str
    odd: str

    def at(self, col: int) -> tuple[str, str]:
        """Return (start, index) of window column ``col`` as seen from pair x."""
        return (self.even if col % 2 == 0 else self.odd), f"x + {col // 2}" if col // 2 else "x"


@dataclass(slots=True)
class Program:
    """Lines of source under construction."""

    lines: list[str] = field(default_factory=list)
    constants: list[int] = field(default_factory=list)
    """Weights that are read from memory."""
    levels: list[bytes] = field(default_factory=list)
    """Tables of 256 gray levels that are read from memory."""
    planes: dict[Store, int] = field(default_factory=lambda: {"words": 0, "ints": 0, "singles": 0})
    loop: int = 0
    depth: int = 1
    names: list[str] = field(default_factory=list)
    """Lines that name the starts of planes, for the top of the function."""

    def __call__(self, line: str = "") -> None:
        """Write one line."""
        self.lines.append("    " * self.depth + line if line else "")

    @contextmanager
    def block(self, head: str) -> Iterator[None]:
        """Write an indented block under ``head``."""
        self(head)
        self.depth += 1
        yield
        self.depth -= 1

    @contextmanager
    def lanes(self, count: str) -> Iterator[None]:
        """Write an inner loop over pairs of pixels; ``self.loop`` is its number."""
        self.loop += 1
        with self.block(f"for x in lanes({count}):"):
            yield

    def plane(self, lane: Lane, name: str) -> Plane:
        """Reserve one row of sums in the workspace."""
        store = STORES[lane]
        names = []
        for parity in PARITIES:
            names.append(f"{name}_{parity}")
            self.names.append(f"{names[-1]} = {self.planes[store]} * plane")
            self.planes[store] += 1
        return Plane(store, names[0], names[1])

    def load(self, plane: Plane, col: int) -> str:
        """Return the expression for a plane's value at window column ``col``."""
        start, index = plane.at(col)
        return f"load({plane.store}, {start} + {index}, {self.loop})"

    def load_own(self, plane: Plane, parity: int) -> str:
        """Return the expression for the value of this pair in a plane that the same loop stores to."""
        return f"load({plane.store}, {(plane.even, plane.odd)[parity]} + x, 0)"

    def store(self, plane: Plane, parity: int, value: str) -> None:
        """Write a line that stores a value at this pair."""
        start = (plane.even, plane.odd)[parity]
        self(f"store({plane.store}, {start} + x, {value}, {self.loop})")
