"""The text of a generated program, and what it asks of the workspace."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Literal

from livefilter.compiler.plan._intervals import Lane

Store = Literal["words", "ints", "singles"]
STORES: dict[Lane, Store] = {"uint16": "words", "int16": "words", "int32": "ints", "float32": "singles"}
PHASES = {2: ("even", "odd"), 4: ("q0", "q1", "q2", "q3")}
"""What the pixels of one lane are called: pairs in 16 bits, quads in 32."""


@dataclass(frozen=True, slots=True)
class Plane:
    """One row of sums, its columns dealt out to two or four arrays; ``starts`` name the arrays' first elements.

    So the same column of neighbouring lanes lies side by side, and pixels of one lane share what they load.
    """

    store: Store
    starts: tuple[str, ...]

    def at(self, col: int) -> str:
        """Return where window column ``col`` lies for lane 0, and the lane, as two arguments."""
        index, phase = divmod(col, len(self.starts))
        return f"{self.starts[phase]}" + (f" + {index}" if index else "") + ", x"


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

    def refine(self, name: str, expression: str) -> None:
        """Write that ``name`` becomes ``expression``, in which ``{}`` is what it was, and which needs nothing else.

        Where a line has just made it, it makes this at once: a variable that is written twice costs Numba a walk
        through the whole function.
        """
        head = "    " * self.depth + f"{name} = "
        uses = re.compile(rf"\b{name}\b")
        last = next((at for at in range(len(self.lines) - 1, -1, -1) if uses.search(self.lines[at])), None)
        if last is not None and self.lines[last].startswith(head) and expression.count("{}") == 1:
            self.lines[last] = head + expression.format(self.lines[last].removeprefix(head))
        else:
            self(f"{name} = {expression.format(name)}")

    @contextmanager
    def block(self, head: str) -> Iterator[None]:
        """Write an indented block under ``head``."""
        self(head)
        self.depth += 1
        yield
        self.depth -= 1

    @contextmanager
    def lanes(self, count: str) -> Iterator[None]:
        """Write an inner loop over pairs or quads of pixels; ``self.loop`` is its number."""
        self.loop += 1
        with self.block(f"for x in lanes({count}):"):
            yield

    def plane(self, lane: Lane, name: str, phases: int = 2, part: str = "") -> Plane:
        """Reserve one row of sums in the workspace, or two, of which the expression ``part`` tells which is meant."""
        store = STORES[lane]
        names = []
        for phase in PHASES[phases]:
            names.append(f"{name}_{phase}")
            if part:
                self(f"{names[-1]} = ({self.planes[store]} + {part}) * plane")
            else:
                self.names.append(f"{names[-1]} = {self.planes[store]} * plane")
            self.planes[store] += 2 if part else 1
        return Plane(store, tuple(names))

    def load(self, plane: Plane, col: int) -> str:
        """Return the expression for a plane's value at window column ``col``."""
        return f"load({plane.store}, {plane.at(col)}, {self.loop})"

    def load_own(self, plane: Plane, phase: int) -> str:
        """Return the expression for this lane's value in a plane that the same loop stores to."""
        return f"load({plane.store}, {plane.at(phase)}, 0)"

    def store(self, plane: Plane, phase: int, value: str) -> None:
        """Write a line that stores a value of this lane."""
        self(f"store({plane.store}, {plane.at(phase)}, {value}, {self.loop})")
