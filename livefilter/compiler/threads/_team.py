"""The threads that share frames: a caller and its workers.

Generated code releases the GIL, so plain threads suffice. Numba's own ``parallel=True`` does not: its workqueue layer
aborts the process when two Python threads enter it at once, and its OpenMP layer kills forked children.
"""

from __future__ import annotations

import ctypes
import logging
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from livefilter.compiler._abi import Call, Function
from livefilter.compiler.native import keep_forever, load_native
from livefilter.compiler.threads import _control_block as control
from livefilter.compiler.threads._tiling import MIN_SHARE_US
from livefilter.cpus import usable_cpus

if TYPE_CHECKING:
    from livefilter.compiler.threads._tiled_call import TiledCall

WORK_LOOP = Path(__file__).with_name("_work_loop.py")
"""File with the source text of ``worker_loop`` and ``run_and_join``."""
_SPIN_NS = 100_000
_SLEEP_S = 0.0001
_CACHE_LINE = 64
_TIMED_POLLS = 1000
_CURRENT_CPU = getattr(ctypes.CDLL(None), "sched_getcpu", None) if sys.platform == "linux" else None
logger = logging.getLogger("livefilter.compiler")


def load_work_loops() -> tuple[Function, Function]:
    """Return ``worker_loop`` and ``run_and_join`` as machine code, from the cache or newly compiled."""
    source = WORK_LOOP.read_text(encoding="utf-8")
    return load_native(source, "worker_loop"), load_native(source, "run_and_join")


class ThreadTeam:
    """Worker threads that help one caller at a time; other callers compute their frames alone.

    Workers start when a call first needs them, and live as long as the process.

    Args:
        max_workers: Maximum number of threads besides the caller's [default: one less than the processors].
        min_share_us: Minimum share of a frame, in microseconds of work, for which a thread is used. Waking a thread
            takes about as long.
        spin_ns: How long workers poll for the next frame before they sleep, and callers for their workers' end.
        sleep: Called with a number of seconds while a caller waits longer than ``spin_ns`` for its workers.
        current_cpu: Returns the number of the processor that the calling thread runs on; None if the system cannot
            say. Workers are kept off this one.
        load_loops: Returns ``worker_loop`` and ``run_and_join``.

    Attributes:
        min_share_us: As above.
    """

    def __init__(
        self,
        *,
        max_workers: int | None = None,
        min_share_us: float = MIN_SHARE_US,
        spin_ns: int = _SPIN_NS,
        sleep: Callable[[float], object] = time.sleep,
        current_cpu: Callable[[], int] | None = _CURRENT_CPU,
        load_loops: Callable[[], tuple[Function, Function]] = load_work_loops,
    ) -> None:
        self.min_share_us = min_share_us
        self._max_workers = max_workers
        self._spin_ns = spin_ns
        self._sleep = sleep
        self._current_cpu = current_cpu
        self._load_loops = load_loops
        self.forget_threads()

    def forget_threads(self) -> None:
        """Return to the state without threads: a forked child inherits the team, but none of its threads."""
        memory = (ctypes.c_int64 * (control.WORD_COUNT + _CACHE_LINE // 8))()
        keep_forever(memory)  # A worker may poll it while Python exits.
        self._address = ctypes.addressof(memory) + -ctypes.addressof(memory) % _CACHE_LINE
        self._words = (ctypes.c_int64 * control.WORD_COUNT).from_address(self._address)
        self._workers: list[_Worker] = []
        self._lock = threading.Lock()
        self._in_flight: object = None
        self._run_and_join: Call | None = None

    @property
    def thread_ids(self) -> list[int]:
        """The system's numbers of the worker threads, worker 1 first; 0 for one that is not ready yet."""
        return [worker.thread_id for worker in self._workers]

    @property
    def is_asleep(self) -> bool:
        """Whether every worker sleeps."""
        return all(worker.is_asleep for worker in self._workers)

    def start(self, workers: int) -> bool:
        """Start threads until there are so many workers, ``max_workers`` at most.

        Returns:
            Whether the team can share frames. The first thread that starts compiles the loops or loads them from the
            cache; until then, callers compute alone.
        """
        if len(self._workers) < workers:
            limit = usable_cpus() - 1 if self._max_workers is None else self._max_workers
            for number in range(len(self._workers), min(workers, limit)):
                self._workers.append(_Worker(self, number + 1))
        return self._run_and_join is not None

    def run(self, call: TiledCall, frames: Sequence[NDArray[Any]]) -> bool:
        """Compute a result together with the workers.

        Returns:
            Whether it is computed. If not, nothing was written: another caller has the workers, or the team is not
            ready yet.
        """
        if not self._lock.acquire(blocking=False):
            return False
        run_and_join = None
        try:
            if self.start(call.workers):
                run_and_join = self._run_and_join
            if run_and_join is not None:
                self._open(call, frames, run_and_join)
        finally:
            try:
                if run_and_join is not None:
                    self._join(run_and_join)
            finally:
                if not self._words[control.STILL_ACTIVE]:
                    self._in_flight = None
                    self._lock.release()
        return run_and_join is not None

    def _open(self, call: TiledCall, frames: Sequence[NDArray[Any]], run_and_join: Call) -> None:
        """Fill in the control block, and wake workers that sleep."""
        self._words[control.STILL_ACTIVE] = 1
        self._words[control.TILE_COUNT] = 0
        self._in_flight = call, frames  # Keeps them alive until the join, even if Ctrl-C arrives in between.
        call.bind_frames(frames)
        for index, word in call.words.items():
            self._words[index] = word
        sleeping = [worker for worker in self._workers[: call.workers] if worker.is_asleep]
        if sleeping:
            self._words[control.WAKE_ONLY] = 1
            run_and_join.run()
            for worker in sleeping:
                worker.wake()

    def _join(self, run_and_join: Call) -> None:
        """Compute the tiles that no worker takes, and wait for the workers; raise Ctrl-C only after that."""
        try:
            self._words[control.WAKE_ONLY] = 0
            run_and_join.run()
            while self._words[control.STILL_ACTIVE]:
                self._sleep(_SLEEP_S)  # A worker's processor is busy with something else.
                run_and_join.run()
        except BaseException:
            self._join(run_and_join)
            raise

    def admits(self, worker: int) -> bool:
        """Return whether a worker is admitted to the current frame."""
        return self._words[control.ADMITTED] >= worker

    def load_for_worker(self, worker: int) -> Call:
        """Compile or load the loops, in a worker's thread; return its call of ``worker_loop``."""
        worker_loop, run_and_join = self._load_loops()
        spin_budget = max(self._spin_ns * _TIMED_POLLS // _ns_of_timed_polls(worker_loop), 1)
        call = worker_loop([self._address, worker, spin_budget])
        self._run_and_join = self._run_and_join or run_and_join([self._address, spin_budget])
        return call

    def cpu_to_avoid(self) -> int | None:
        """Return the number of the processor that the caller runs on."""
        return None if self._current_cpu is None else self._current_cpu()


class _Worker:
    """A thread that computes tiles, polls for more, and then sleeps.

    Args:
        team: Its team.
        number: 1 for the first worker; 0 is the caller.

    Attributes:
        is_asleep: Whether the caller has to wake it.
        thread_id: The system's number of the thread; 0 until it is ready.
    """

    def __init__(self, team: ThreadTeam, number: int) -> None:
        self.is_asleep = False
        self.thread_id = 0
        self._team = team
        self._number = number
        self._wakeup = threading.Semaphore(0)
        self._avoided_cpu: int | None = None
        threading.Thread(target=self._run, name="livefilter.compiler.worker", daemon=True).start()

    def wake(self) -> None:
        """Wake the thread."""
        self.is_asleep = False
        self._avoid_cpu(self._team.cpu_to_avoid())
        self._wakeup.release()

    def _avoid_cpu(self, cpu: int | None) -> None:
        """Keep the thread off the caller's processor, which some systems choose for it although others are idle.

        The thread would then run in place of the caller, not beside it (measured: as slow as one thread, or slower).
        """
        if cpu is not None and cpu != self._avoided_cpu:
            with suppress(OSError):  # A sandbox may forbid it.
                os.sched_setaffinity(self.thread_id, os.sched_getaffinity(0) - {cpu})
            self._avoided_cpu = cpu

    def _run(self) -> None:
        try:
            worker_loop = self._team.load_for_worker(self._number)
        except Exception as error:  # Compilers raise anything; the caller alone computes the same frames.
            logger.warning("cannot compile the thread hand-over, so one thread filters each frame: %s", error)
            return
        self.thread_id = threading.get_native_id()
        while True:
            self.is_asleep = True
            if not self._team.admits(self._number):
                self._wakeup.acquire()
            worker_loop.run()


@cache
def _ns_of_timed_polls(worker_loop: Function) -> int:
    """Return how long so many polls of a closed frame take: 1 to 50 nanoseconds each, depending on the processor."""
    closed = (ctypes.c_int64 * control.WORD_COUNT)()
    idle = worker_loop([ctypes.addressof(closed), 1, _TIMED_POLLS])
    times = []
    for _ in range(3):
        start = time.perf_counter_ns()
        idle.run()
        times.append(time.perf_counter_ns() - start)
    return max(min(times), 1)


_team = ThreadTeam()


def current_team() -> ThreadTeam:
    """Return the team that shares this process's frames."""
    return _team


@contextmanager
def using_team(team: ThreadTeam) -> Iterator[ThreadTeam]:
    """Share this process's frames by another team inside the block, for tests and measurements."""
    global _team
    previous, _team = _team, team
    try:
        yield team
    finally:
        _team = previous


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=lambda: current_team().forget_threads())
