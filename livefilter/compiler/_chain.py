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
from livefilter.compiler._beside import Lease
from livefilter.compiler._cache import compiled
from livefilter.compiler._call import Function
from livefilter.compiler._emit_sweep import Code, generate
from livefilter.compiler._plan import Plan, Sweep, plan_chain, plan_score
from livefilter.compiler._strips import pool, thread_count
from livefilter.compiler._workspace import Scratch, Shape, Strip, Tables, make_tables, out_shape, strip_bounds
from livefilter.frame import Pixels
from livefilter.kernels import Operation, ScoreRule, ScoreSums

_STRIP_US = 200.0
"""A strip is not made shorter than this; handing it over would cost too large a share."""
_HANDOVER_US = 100.0
"""So much later than the caller's do the other strips begin: another thread has to wake up."""
_NS_PER_OPERATION = 0.003
"""Per pixel, as measured on Zen 5; only the number of strips depends on it."""
_SHAPES = 4
"""Memory is kept for so many frame shapes."""
Pass = tuple[Sweep, Code, Function]


@dataclass(slots=True, eq=False)
class _Workspaces:
    """What calls with frames of one shape need, kept between calls."""

    tables: list[Tables]
    strips: list[list[Strip]]
    free: deque[list[list[Scratch]]] = field(default_factory=deque)
    free_frames: deque[list[Pixels]] = field(default_factory=deque)


class Program:
    """Compiled sweeps of a plan, with the memory that they work in; safe to call from any number of threads."""

    def __init__(self, plan: Plan, threads: int, lease: Lease | None = None) -> None:
        self.plan = plan
        self.threads = threads
        codes = [(sweep, generate(sweep)) for sweep in plan.sweeps]
        self.passes: list[Pass] = [(sweep, code, compiled(code.source, "sweep", lease)) for sweep, code in codes]
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
        current: NDArray[Any] = image
        for pieces, result in zip(scratch, [*frames, out], strict=True):
            if len(pieces) == 1:
                pieces[0].call(current, image, result)
            else:
                pool().run([partial(piece.call, current, image, result) for piece in pieces])
            current = result
        across, down, dense = map(sum, zip(*(piece.sums.tolist() for piece in scratch[0]), strict=True))
        spaces.free.append(scratch)
        if frames:
            spaces.free_frames.append(frames)
        return ScoreSums(across, down, dense, self._windows(shape))

    @property
    def nbytes(self) -> int:
        """Memory held between calls."""
        spaces = list(self._workspaces.values())
        scratch = [piece.nbytes for space in spaces for call in space.free for sweep in call for piece in sweep]
        frames = [frame.nbytes for space in spaces for call in space.free_frames for frame in call]
        tables = [part.nbytes for space in spaces for part in space.tables]
        return sum(scratch) + sum(frames) + sum(tables)

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
        # The caller begins with the first strip while the others are handed over, so that one is longer.
        share = max(1 - _HANDOVER_US / work_us, 0.5) / count
        bounds = {0, *(shape[0] - round(shape[0] * share * others) for others in range(count))}
        return [(first, last, strip_bounds(sweep, first, last, shape[0])) for first, last in pairwise(sorted(bounds))]

    def _make_scratch(self, spaces: _Workspaces) -> list[list[Scratch]]:
        return [
            [Scratch(sweep, code, function, tables, *strip) for strip in strips]
            for (sweep, code, function), tables, strips in zip(self.passes, spaces.tables, spaces.strips, strict=True)
        ]

    def _frames(self, spaces: _Workspaces, shape: Shape) -> list[Pixels]:
        """Return the frames between sweeps; only a "wrap" border below the first stage needs one."""
        if len(self.passes) == 1:
            return []
        try:
            return spaces.free_frames.pop()
        except IndexError:
            return [np.empty(shape, dtype=np.uint8) for _ in self.passes[1:]]


class Chain:
    """Operations and the score of the frame that goes in, compiled into one sweep.

    Args:
        operations: Applied one after the other.
        rule: How the frame is scored.
        threads: How many threads may work on one frame; LIVEFILTER_THREADS, or one per processor, unless given. The
            result does not depend on it.
        lease: The process that compiles, so that it can be stopped.

    Raises:
        OptionError: ``threads`` is not positive.
        CompileStopped: The lease was stopped.
    """

    def __init__(
        self,
        operations: Sequence[Operation],
        rule: ScoreRule | None = None,
        *,
        threads: int | None = None,
        lease: Lease | None = None,
    ) -> None:
        self._program = Program(plan_chain(operations, rule), thread_count(threads), lease)

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
