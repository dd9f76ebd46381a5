"""The Chain: operations compiled together, called with one gray frame after the other."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from livefilter.compiler._assembly import AssemblySummary, assembly_summary
from livefilter.compiler._cache import Function, compiled, is_kept
from livefilter.compiler._emit_sweep import Code, generate
from livefilter.compiler._plan import Plan, Sweep, plan_chain, plan_score
from livefilter.compiler._strips import pool, thread_count
from livefilter.compiler._workspace import Scratch, Shape, Tables, make_tables, out_shape, strip_bounds
from livefilter.frame import Pixels
from livefilter.kernels import Operation, ScoreRule, ScoreSums

_STRIP_US = 150.0
"""A strip is not made shorter than this; handing it over would cost too large a share."""
_NS_PER_OPERATION = 0.006
"""Per pixel, as measured on Zen 4; only the number of strips depends on it."""
_SHAPES = 4
"""Memory is kept for so many frame shapes."""
Pass = tuple[Sweep, Code, Function]


Strip = tuple[int, int, NDArray[np.int64]]
"""First and last row of a part of the result, and what ``strip_bounds`` says of it."""


@dataclass(slots=True, eq=False)
class _Workspaces:
    """What calls with frames of one shape need, kept between calls."""

    tables: list[Tables]
    strips: list[list[Strip]]
    free: deque[list[list[Scratch]]] = field(default_factory=deque)
    free_frames: deque[list[Pixels]] = field(default_factory=deque)


class Program:
    """Compiled sweeps of a plan, with the memory that they work in; safe to call from any number of threads."""

    def __init__(self, plan: Plan, threads: int) -> None:
        self.plan = plan
        self.threads = threads
        codes = [(sweep, generate(sweep)) for sweep in plan.sweeps]
        self.passes: list[Pass] = [
            (sweep, code, compiled(code.source, code.signature, "sweep")) for sweep, code in codes
        ]
        self._workspaces: dict[Shape, _Workspaces] = {}
        self._lock = threading.Lock()

    def run(self, image: Pixels, out: NDArray[Any]) -> ScoreSums:
        """Run all sweeps over a C-contiguous gray image; return what the score counted."""
        shape = (image.shape[0], image.shape[1])
        spaces = self._workspaces.get(shape) or self._make_workspaces(shape)
        try:
            scratch = spaces.free.pop()
        except IndexError:
            scratch = self._make_scratch(spaces)
        frames = self._frames(spaces, shape)
        original = image.reshape(-1)
        sums = np.zeros(3, dtype=np.int64)
        results = [*frames, out]
        current: NDArray[Any] = original
        for at, (_, code, function) in enumerate(self.passes):
            result = results[at].reshape(-1)
            self._sweep(spaces, at, code, function, (current, original, result), scratch[at])
            if at == 0:
                for piece in scratch[0]:
                    sums += piece.sums
            current = result
        spaces.free.append(scratch)
        if frames:
            spaces.free_frames.append(frames)
        return ScoreSums(int(sums[0]), int(sums[1]), int(sums[2]), self._windows(shape))

    @property
    def nbytes(self) -> int:
        """Memory held between calls."""
        spaces = list(self._workspaces.values())
        scratch = [piece.nbytes for space in spaces for call in space.free for sweep in call for piece in sweep]
        frames = [frame.nbytes for space in spaces for call in space.free_frames for frame in call]
        tables = [part.nbytes for space in spaces for part in space.tables]
        return sum(scratch) + sum(frames) + sum(tables)

    def _sweep(
        self,
        spaces: _Workspaces,
        at: int,
        code: Code,
        function: Function,
        frames: tuple[NDArray[Any], ...],
        scratch: list[Scratch],
    ) -> None:
        tables, strips = spaces.tables[at], spaces.strips[at]
        tasks = [
            partial(
                function,
                *frames,
                piece.spill,
                first,
                last,
                *tables.shape,
                tables.in_cols,
                tables.stride,
                tables.sources,
                tables.windows,
                tables.margins,
                bounds,
                piece.ring,
                piece.words,
                piece.ints,
                piece.singles,
                code.levels,
                code.weights,
                piece.sums,
            )
            for (first, last, bounds), piece in zip(strips, scratch, strict=True)
        ]
        for piece in scratch:
            piece.sums[:] = 0
        if len(tasks) == 1:
            tasks[0]()
        else:
            pool().run(tasks)

    def _windows(self, shape: Shape) -> int:
        if self.plan.rule is None:
            return 0
        rows, cols = self.plan.rule.horizontal.shape
        return max(shape[0] - rows + 1, 0) * max(shape[1] - cols + 1, 0)

    def _make_workspaces(self, shape: Shape) -> _Workspaces:
        with self._lock:
            if shape in self._workspaces:
                return self._workspaces[shape]
            tables, strips, current = [], [], shape
            for sweep, code, _ in self.passes:
                tables.append(make_tables(sweep, code, current))
                current = out_shape(sweep, current)
                strips.append(self._strips(sweep, current))
            if len(self._workspaces) >= _SHAPES:
                del self._workspaces[next(iter(self._workspaces))]
            self._workspaces[shape] = _Workspaces(tables, strips)
            return self._workspaces[shape]

    def _strips(self, sweep: Sweep, shape: Shape) -> list[Strip]:
        work_us = sweep.operations * shape[0] * shape[1] * _NS_PER_OPERATION / 1000
        count = max(1, min(self.threads, int(work_us / _STRIP_US), shape[0]))
        bounds = [shape[0] * at // count for at in range(count + 1)]
        return [(first, last, strip_bounds(sweep, first, last, shape[0])) for first, last in pairwise(bounds)]

    def _make_scratch(self, spaces: _Workspaces) -> list[list[Scratch]]:
        return [
            [Scratch(sweep, code, tables) for _ in strips]
            for (sweep, code, _), tables, strips in zip(self.passes, spaces.tables, spaces.strips, strict=True)
        ]

    def _frames(self, spaces: _Workspaces, shape: Shape) -> list[Pixels]:
        """Return the frames between sweeps; only a "wrap" border below the first stage needs one."""
        if len(self.passes) == 1:
            return []
        try:
            return spaces.free_frames.pop()
        except IndexError:
            return [np.empty(shape, dtype=np.uint8) for _ in self.passes[1:]]


def is_cached(operations: Sequence[Operation], rule: ScoreRule | None) -> bool:
    """Return whether a Chain of these would be ready without compiling."""
    codes = map(generate, plan_chain(operations, rule).sweeps)
    return all(is_kept(code.source, code.signature, "sweep") for code in codes)


class Chain:
    """Operations and the score of the frame that goes in, compiled into one sweep.

    Args:
        operations: Applied one after the other.
        rule: How the frame is scored.
        threads: How many threads may work on one frame; LIVEFILTER_THREADS, or one per processor, unless given. The
            result does not depend on it.

    Raises:
        OptionError: ``threads`` is not positive.
    """

    def __init__(
        self, operations: Sequence[Operation], rule: ScoreRule | None = None, *, threads: int | None = None
    ) -> None:
        self._program = Program(plan_chain(operations, rule), thread_count(threads))

    @classmethod
    def of_score(cls, rule: ScoreRule, *, threads: int | None = None) -> Chain:
        """Return a chain that only counts; the array that it is to fill stays as it is."""
        chain = cls.__new__(cls)
        chain._program = Program(plan_score(rule), thread_count(threads))
        return chain

    @property
    def plan(self) -> Plan:
        """How the operations are computed."""
        return self._program.plan

    @property
    def source(self) -> str:
        """The generated program."""
        return "\n\n".join(code.source for _, code, _ in self._program.passes)

    def assembly_summary(self) -> AssemblySummary:
        """Compile once more, and count the vector instructions."""
        return assembly_summary(self.plan)

    @property
    def nbytes(self) -> int:
        """Memory held between calls, beyond the frames."""
        return self._program.nbytes

    def __call__(self, image: Pixels, out: Pixels) -> ScoreSums:
        """Filter a gray frame into ``out`` and count what the score needs.

        Args:
            image: uint8, shape (rows, cols), C-contiguous.
            out: Of the same shape and dtype, C-contiguous, writable, not overlapping ``image``.
        """
        return self._program.run(image, out)
