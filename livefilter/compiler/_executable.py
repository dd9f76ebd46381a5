"""The Chain: operations compiled together, called with one gray frame after the other."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from livefilter.compiler._abi import Function
from livefilter.compiler._buffers import Scratch, Shape, Tables, make_tables, strip_arguments
from livefilter.compiler.emit._pass import FRAMES, Code, generate
from livefilter.compiler.native._compile_server import CompileSession
from livefilter.compiler.native._disk_cache import load_or_compile
from livefilter.compiler.plan._plan import Pass, Plan, plan_chain, plan_score
from livefilter.compiler.report._instruction_counts import AssemblySummary, assembly_summary
from livefilter.compiler.threads._pool import TiledCall
from livefilter.compiler.threads._tiling import split_rows, thread_count, useful_threads
from livefilter.frame import Pixels
from livefilter.kernels import Operation, ScoreRule, ScoreSums

_NS_PER_OPERATION = 0.003
"""Per pixel, as measured on Zen 5; only the number of strips depends on it."""
_SHAPES = 4
"""Memory is kept for so many frame shapes."""
CompiledPass = tuple[Pass, Code, Function]


@dataclass(frozen=True, slots=True, eq=False)
class TiledPass:
    """What makes the strips of one sweep: a workspace for each thread, and the call that uses them."""

    scratch: list[Scratch]
    call: TiledCall


@dataclass(slots=True, eq=False)
class BufferPool:
    """What calls with frames of one shape need, kept between calls."""

    tables: list[Tables]
    free: deque[list[TiledPass]] = field(default_factory=deque)
    free_frames: deque[list[Pixels]] = field(default_factory=deque)


class Executable:
    """Compiled sweeps of a plan, with the memory that they work in; safe to call from any number of threads."""

    def __init__(self, plan: Plan, threads: int, session: CompileSession | None = None) -> None:
        self.plan = plan
        self.threads = threads
        codes = [(sweep, generate(sweep)) for sweep in plan.sweeps]
        self.passes: list[CompiledPass] = [
            (sweep, code, load_or_compile(code.source, "sweep", session)) for sweep, code in codes
        ]
        self._workspaces: dict[Shape, BufferPool] = {}
        self._lock = threading.Lock()

    def run(self, image: Pixels, out: NDArray[Any]) -> ScoreSums:
        """Run all sweeps over a C-contiguous gray image; return what the score counted."""
        shape = (image.shape[0], image.shape[1])
        spaces = self._workspaces.get(shape) or self._make_workspaces(shape)
        try:
            strips = spaces.free.pop()
        except IndexError:
            strips = [self._make_strips(*each, tables) for each, tables in zip(self.passes, spaces.tables, strict=True)]
        frames = self._frames(spaces, shape)
        for each in strips[0].scratch:
            each.sums.fill(0)
        current: NDArray[Any] = image
        for sweep, result in zip(strips, [*frames, out], strict=True):
            sweep.call(current, image, result)
            current = result
        across, down, dense = map(sum, zip(*(each.sums.tolist() for each in strips[0].scratch), strict=True))
        spaces.free.append(strips)
        if frames:
            spaces.free_frames.append(frames)
        return ScoreSums(across, down, dense, self._windows(shape))

    @property
    def nbytes(self) -> int:
        """Memory held between calls."""
        spaces = list(self._workspaces.values())
        scratch = [piece.nbytes for space in spaces for call in space.free for sweep in call for piece in sweep.scratch]
        frames = [frame.nbytes for space in spaces for call in space.free_frames for frame in call]
        tables = [part.nbytes for space in spaces for part in space.tables]
        return sum(scratch) + sum(frames) + sum(tables)

    def _windows(self, shape: Shape) -> int:
        if self.plan.rule is None:
            return 0
        rows, cols = self.plan.rule.horizontal.shape
        return max(shape[0] - rows + 1, 0) * max(shape[1] - cols + 1, 0)

    def _make_workspaces(self, shape: Shape) -> BufferPool:
        with self._lock:
            if shape in self._workspaces:
                return self._workspaces[shape]
            tables: list[Tables] = []
            for sweep, code, _ in self.passes:
                tables.append(make_tables(sweep, code, tables[-1].shape if tables else shape))
            if len(self._workspaces) >= _SHAPES:
                del self._workspaces[next(iter(self._workspaces))]
            self._workspaces[shape] = BufferPool(tables)
            return self._workspaces[shape]

    def _make_strips(self, sweep: Pass, code: Code, function: Function, tables: Tables) -> TiledPass:
        rows, cols = tables.shape
        work_us = sweep.operations * rows * cols * _NS_PER_OPERATION / 1000
        threads = useful_threads(self.threads, work_us, rows)
        scratch = [Scratch(sweep, code, function, tables) for _ in range(threads)]
        overlap = 2 * sum(stage.reach for stage in sweep.stages[2:])
        bounds = [(0, rows), *split_rows(rows, threads, overlap)]
        whole, *strips = (strip_arguments(sweep, first, last, rows) for first, last in bounds)
        return TiledPass(scratch, TiledCall([each.call for each in scratch], len(FRAMES), whole, strips))

    def _frames(self, spaces: BufferPool, shape: Shape) -> list[Pixels]:
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
        session: The process that compiles, so that it can be stopped.

    Raises:
        OptionError: ``threads`` is not positive.
        CompileCancelled: The session was cancelled.
    """

    def __init__(
        self,
        operations: Sequence[Operation],
        rule: ScoreRule | None = None,
        *,
        threads: int | None = None,
        session: CompileSession | None = None,
    ) -> None:
        self._program = Executable(plan_chain(operations, rule), thread_count(threads), session)

    @classmethod
    def of_score(cls, rule: ScoreRule, *, threads: int | None = None) -> Chain:
        """Return a chain that only counts; the array that it is to fill stays as it is."""
        chain = cls.__new__(cls)
        chain._program = Executable(plan_score(rule), thread_count(threads))
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
