"""A small pool of threads that work on strips of one frame.

Numba's own parallel=True is of no use here: its workqueue layer aborts the process when two Python threads enter it at
once, and its OpenMP layer kills forked children. Generated code releases the GIL, so plain threads will do. Handing a
strip over costs some 10 us. A caller whose own strip is done takes back those that no thread has begun, so a busy pool
or a busy processor costs nothing.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Sequence
from queue import SimpleQueue

from livefilter.errors import OptionError
from livefilter.processors import usable_processors

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
        return min(usable_processors(), MOST_THREADS)
    try:
        count = int(given)
    except ValueError:
        count = 0
    if count < 1:
        name = "threads" if threads is not None else "LIVEFILTER_THREADS"
        raise OptionError(f"{name}: must be at least 1, found {given}")
    return count


class _Strip:
    """A task that is done once, by whoever comes to it first."""

    def __init__(self, task: Task) -> None:
        self._task = [task]
        self._done = threading.Lock()
        self._done.acquire()
        self._error: BaseException | None = None

    def work(self) -> None:
        """Do the task, unless somebody else has it already."""
        try:
            task = self._task.pop()
        except IndexError:
            return
        try:
            task()
        except BaseException as error:  # Raised again in the caller's thread.
            self._error = error
        self._done.release()

    def wait(self) -> BaseException | None:
        """Wait until the task is done; return what it raised."""
        self._done.acquire()
        return self._error


class StripPool:
    """Threads that live as long as the process; any number of callers share them."""

    def __init__(self) -> None:
        self._waiting: SimpleQueue[_Strip] = SimpleQueue()
        self._workers = 0
        self._lock = threading.Lock()

    def run(self, tasks: Sequence[Task]) -> None:
        """Do all tasks, the first one in this thread, and others that no thread has begun; return when all are done.

        Raises:
            BaseException: The first that a task raised, after all have ended.
        """
        strips = [_Strip(task) for task in tasks]
        self._start(len(strips) - 1)
        for strip in strips[1:]:
            self._waiting.put(strip)
        for strip in strips:
            strip.work()
        errors = [error for strip in strips if (error := strip.wait()) is not None]
        if errors:
            raise errors[0]

    def _start(self, count: int) -> None:
        """Start threads until there are ``count``."""
        if self._workers >= count:
            return
        with self._lock:
            while self._workers < count:
                threading.Thread(target=self._run, name="livefilter strip", daemon=True).start()
                self._workers += 1

    def _run(self) -> None:
        while True:
            self._waiting.get().work()


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
