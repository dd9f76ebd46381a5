"""Executables: compiled plans with their memory, and the Chain, an executable for a chain of operations."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from livefilter.compiler._abi import Function
from livefilter.compiler._buffers import AddressTables, ScratchBuffers, Shape, make_address_tables, tile_args
from livefilter.compiler.emit import FRAME_ARGS, GeneratedPass, generate_pass
from livefilter.compiler.native import CompileSession, load_or_compile
from livefilter.compiler.plan import Pass, Plan, plan_chain, plan_score
from livefilter.compiler.threads import TiledCall, current_team, split_rows, thread_count, useful_threads
from livefilter.frame import Pixels
from livefilter.kernels import Operation, ScoreRule, ScoreSums

_NS_PER_COST_UNIT = 0.003
"""Nanoseconds per pixel, measured on Zen 5; only the number of tiles depends on it."""
_MAX_SHAPES = 4
CompiledPass = tuple[Pass, GeneratedPass, Function]


@dataclass(frozen=True, slots=True, eq=False)
class TiledPass:
    """What computes the tiles of one pass: buffers for each thread, and the call that uses them."""

    buffers: list[ScratchBuffers]
    call: TiledCall


@dataclass(slots=True, eq=False)
class BufferPool:
    """The memory for frames of one shape, kept between calls.

    Attributes:
        tables: One for each pass.
        free: The buffers of all passes, once for each call that ran at the same time.
        free_frames: The frames between passes, likewise.
    """

    tables: list[AddressTables]
    free: deque[list[TiledPass]] = field(default_factory=deque)
    free_frames: deque[list[Pixels]] = field(default_factory=deque)


class Executable:
    """The compiled passes of a plan, with their memory; safe to call from any number of threads.

    Args:
        plan: The plan.
        threads: Maximum number of threads per frame.
        session: The compile session.
        max_shapes: Number of frame shapes for which memory is kept.
    """

    def __init__(
        self, plan: Plan, threads: int, session: CompileSession | None = None, *, max_shapes: int = _MAX_SHAPES
    ) -> None:
        self.plan = plan
        self.threads = threads
        codes = [(pass_, generate_pass(pass_)) for pass_ in plan.passes]
        self.passes: list[CompiledPass] = [
            (pass_, code, load_or_compile(code.source, "run_pass", session)) for pass_, code in codes
        ]
        self._max_shapes = max_shapes
        self._pools: dict[Shape, BufferPool] = {}
        self._lock = threading.Lock()

    def run(self, image: Pixels, out: NDArray[Any], original: NDArray[np.uint8] | None = None) -> ScoreSums:
        """Run all passes over a C-contiguous gray image; return the sums of the score.

        Args:
            image: uint8, shape (rows, cols).
            out: Receives the result.
            original: What passes see as the original frame: the mask, if the plan has one [default: ``image``].
        """
        original = image if original is None else original
        shape = (image.shape[0], image.shape[1])
        pool = self._pools.get(shape) or self._make_pool(shape)
        try:
            tiled_passes = pool.free.pop()
        except IndexError:
            tiled_passes = [
                self._make_tiled_pass(*compiled_pass, tables)
                for compiled_pass, tables in zip(self.passes, pool.tables, strict=True)
            ]
        frames = self._take_frames(pool, shape)
        for buffers in tiled_passes[0].buffers:
            buffers.score_sums.fill(0)
        current: NDArray[Any] = image
        for tiled_pass, result in zip(tiled_passes, [*frames, out], strict=True):
            tiled_pass.call(current, original, result)
            current = result
        sums_by_thread = (buffers.score_sums.tolist() for buffers in tiled_passes[0].buffers)
        horizontal, vertical, dense = map(sum, zip(*sums_by_thread, strict=True))
        pool.free.append(tiled_passes)
        if frames:
            pool.free_frames.append(frames)
        return ScoreSums(horizontal, vertical, dense, self._count_windows(shape))

    @property
    def nbytes(self) -> int:
        """Memory held between calls."""
        pools = list(self._pools.values())
        buffers = [item for pool in pools for passes in pool.free for tiled in passes for item in tiled.buffers]
        frames = [frame for pool in pools for group in pool.free_frames for frame in group]
        tables = [item for pool in pools for item in pool.tables]
        held = sum(item.nbytes for item in buffers) + sum(frame.nbytes for frame in frames)
        return held + sum(item.nbytes for item in tables)

    def _count_windows(self, shape: Shape) -> int:
        if self.plan.rule is None:
            return 0
        rows, cols = self.plan.rule.horizontal.shape
        return max(shape[0] - rows + 1, 0) * max(shape[1] - cols + 1, 0)

    def _make_pool(self, shape: Shape) -> BufferPool:
        with self._lock:
            if shape in self._pools:
                return self._pools[shape]
            tables: list[AddressTables] = []
            for pass_, code, _ in self.passes:
                tables.append(make_address_tables(pass_, code, tables[-1].shape if tables else shape))
            if len(self._pools) >= self._max_shapes:
                del self._pools[next(iter(self._pools))]
            self._pools[shape] = BufferPool(tables)
            return self._pools[shape]

    def _make_tiled_pass(
        self, pass_: Pass, code: GeneratedPass, function: Function, tables: AddressTables
    ) -> TiledPass:
        rows, cols = tables.shape
        work_us = pass_.cost * rows * cols * _NS_PER_COST_UNIT / 1000
        threads = useful_threads(self.threads, work_us, rows, min_share_us=current_team().min_share_us)
        buffers = [ScratchBuffers(pass_, code, function, tables) for _ in range(threads)]
        overlap = 2 * sum(stage.row_halo for stage in pass_.stages[2:])
        bounds = [(0, rows), *split_rows(rows, threads, overlap)]
        whole, *tiles = (tile_args(pass_, first, last, rows) for first, last in bounds)
        return TiledPass(buffers, TiledCall([item.call for item in buffers], len(FRAME_ARGS), whole, tiles))

    def _take_frames(self, pool: BufferPool, shape: Shape) -> list[Pixels]:
        """Return the frames between passes; only a "wrap" border below the first stage needs one."""
        if len(self.passes) == 1:
            return []
        try:
            return pool.free_frames.pop()
        except IndexError:
            return [np.empty(shape, dtype=np.uint8) for _ in self.passes[1:]]


class Chain:
    """A chain of operations and the score of the input frame, compiled together; call it with gray frames.

    Args:
        operations: Applied one after the other.
        rule: How the input frame is scored.
        threads: Maximum number of threads per frame. Default: LIVEFILTER_THREADS, otherwise one per CPU, at most 8.
            The result does not depend on it.
        session: The compile session, so that another thread can cancel it.

    Raises:
        OptionError: ``threads`` is not positive.
        CompileCancelled: Compilation was cancelled.
    """

    def __init__(
        self,
        operations: Sequence[Operation],
        rule: ScoreRule | None = None,
        *,
        threads: int | None = None,
        session: CompileSession | None = None,
    ) -> None:
        self._executable = Executable(plan_chain(operations, rule), thread_count(threads), session)

    @classmethod
    def score_only(cls, rule: ScoreRule, *, threads: int | None = None) -> Chain:
        """Return a chain that only scores; it leaves its output array unchanged."""
        chain = cls.__new__(cls)
        chain._executable = Executable(plan_score(rule), thread_count(threads))
        return chain

    @property
    def plan(self) -> Plan:
        """How the operations are computed."""
        return self._executable.plan

    @property
    def source(self) -> str:
        """The generated source."""
        return "\n\n".join(code.source for _, code, _ in self._executable.passes)

    @property
    def nbytes(self) -> int:
        """Memory held between calls, beyond the frames."""
        return self._executable.nbytes

    def __call__(self, image: Pixels, out: Pixels) -> ScoreSums:
        """Filter a gray frame into ``out`` and return the sums of its score.

        Args:
            image: uint8, shape (rows, cols), C-contiguous.
            out: Same shape and dtype, C-contiguous, writable, not overlapping ``image``.
        """
        return self._executable.run(image, out)
