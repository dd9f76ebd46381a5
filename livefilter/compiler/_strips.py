"""A small pool of threads that work on strips of one frame.

Numba's own parallel=True is of no use here: its workqueue layer aborts the process when two Python threads enter it at
once, and its OpenMP layer kills forked children. Generated code releases the GIL, so plain threads will do. Handing a
strip over costs some 10 us; a caller who finds the pool busy does all strips itself.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Sequence

from livefilter.errors import OptionError

Task = Callable[[], None]
MOST_THREADS = 8
"""Used at most unless more are asked for: the memory of common machines feeds no more."""


def thread_count(threads: int | None) -> int:
    """Return how many threads may work on a frame: ``threads``, or LIVEFILTER_THREADS, or one per processor.

    Raises:
        OptionError: Not a positive whole number.
    """
    given = threads if threads is not None else os.environ.get("LIVEFILTER_THREADS", "")
    if given == "":
        available = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
        return min(available, MOST_THREADS)
    try:
        count = int(given)
    except ValueError:
        count = 0
    if count < 1:
        name = "threads" if threads is not None else "LIVEFILTER_THREADS"
        raise OptionError(f"{name}: must be at least 1, found {given}")
    return count


class _Worker:
    """A thread that waits for a task, does it, and says so; two plain locks are the quickest way to tell it."""

    def __init__(self) -> None:
        self._begin, self._end = threading.Lock(), threading.Lock()
        self._begin.acquire()
        self._end.acquire()
        self._task: Task | None = None
        self._error: BaseException | None = None
        threading.Thread(target=self._run, name="livefilter strip", daemon=True).start()

    def begin(self, task: Task) -> None:
        """Hand over a task."""
        self._task = task
        self._begin.release()

    def end(self) -> BaseException | None:
        """Wait for the task's end; return what it raised."""
        self._end.acquire()
        error, self._error = self._error, None
        return error

    def _run(self) -> None:
        while True:
            self._begin.acquire()
            task, self._task = self._task, None
            try:
                if task is not None:
                    task()
            except BaseException as error:  # Raised again in the caller's thread.
                self._error = error
            del task
            self._end.release()


class StripPool:
    """Threads that live as long as the process."""

    def __init__(self) -> None:
        self._workers: list[_Worker] = []
        self._in_use = threading.Lock()

    def run(self, tasks: Sequence[Task]) -> None:
        """Do all tasks, the first one in this thread; return when all are done.

        Raises:
            BaseException: The first that a task raised, after all have ended.
        """
        if len(tasks) == 1 or not self._in_use.acquire(blocking=False):
            for task in tasks:
                task()
            return
        try:
            self._run_beside(tasks)
        finally:
            self._in_use.release()

    def _run_beside(self, tasks: Sequence[Task]) -> None:
        while len(self._workers) < len(tasks) - 1:
            self._workers.append(_Worker())
        busy = self._workers[: len(tasks) - 1]
        for worker, task in zip(busy, tasks[1:], strict=True):
            worker.begin(task)
        errors: list[BaseException] = []
        try:
            tasks[0]()
        except BaseException as error:
            errors.append(error)
        errors += [raised for worker in busy if (raised := worker.end()) is not None]
        if errors:
            raise errors[0]


_pool = StripPool()


def pool() -> StripPool:
    """Return the process's pool."""
    return _pool


def _forget_threads() -> None:
    # A forked child inherits the pool but none of its threads.
    global _pool
    _pool = StripPool()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_threads)
