"""Threads that help whoever has a frame to make.

Generated code releases the GIL, so plain threads will do. Numba's own parallel=True is of no use here: its workqueue
layer aborts the process when two Python threads enter it at once, and its OpenMP layer kills forked children.

Strips are taken one after the other, by the caller and by its helpers, so that one who is late makes fewer. A helper
stays awake for a moment after each frame: waking it takes as long as many a frame.
"""

from __future__ import annotations

import ctypes
import logging
import os
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from functools import cache
from itertools import chain
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from livefilter.compiler._abi import WORDS_PER_ARG, Argument, Call, Function, NativeCall, pack_args
from livefilter.compiler.native._disk_cache import load_or_compile
from livefilter.compiler.native._object_file import keep_forever
from livefilter.compiler.threads import _control_block as _board
from livefilter.cpus import usable_cpus

_PATIENCE_NS = 100_000
"""So long a helper looks for strips before it sleeps, and a caller for its helpers' end."""
_NAP_S = 0.0001
"""So long a caller then sleeps: a helper's processor has other things to do."""
_LINE = 64
"""Bytes of a cache line."""
_PROCESSOR = getattr(ctypes.CDLL(None), "sched_getcpu", None) if sys.platform == "linux" else None
"""Tells the number of the processor that the calling thread has."""
_RESTS = 1000
"""So many are timed, to know how many patience is."""
_TEXT = Path(__file__).with_name("_work_loop.py")
logger = logging.getLogger("livefilter.compiler")


class TiledCall:
    """Makes one result, in strips if other threads help.

    Args:
        calls: One for each thread that may take part; each can make any strip. Their first arguments are the frames,
            and the next ones tell the strip.
        frames: How many frames there are.
        whole: The arguments that tell all rows.
        strips: Those that tell some, in the order in which they are begun.

    Attributes:
        helpers: How many threads may help the caller.
        board: What the pool's board says of them, in the order in which it is written.
    """

    def __init__(
        self,
        calls: Sequence[Call],
        frames: int,
        whole: Sequence[Argument],
        strips: Sequence[Sequence[Argument]],
    ) -> None:
        self._call = calls[0]
        self._whole = whole
        self._whole_words = pack_args(whole)
        self._strips = strips
        self._strip_words = (ctypes.c_int64 * (len(strips) * len(self._whole_words)))(
            *chain.from_iterable(map(pack_args, strips))
        )
        self._machine_calls = [call for call in calls if isinstance(call, NativeCall)]
        self._addresses = (ctypes.c_int64 * len(calls))(*(call.args_address for call in self._machine_calls))
        self.helpers = max(len(self._machine_calls) - 1, 0)
        self.board = {
            _board.CODE: self._machine_calls[0].entry_address if self._machine_calls else 0,
            _board.CALLS: ctypes.addressof(self._addresses),
            _board.PLACE: frames * WORDS_PER_ARG,
            _board.LENGTH: len(self._whole_words),
            _board.STRIPS: ctypes.addressof(self._strip_words),
            _board.HELPERS: self.helpers,
            _board.NEXT: 0,
            _board.COUNT: len(strips),
        }

    def __call__(self, *frames: NDArray[Any]) -> None:
        """Make the result."""
        if self.helpers and current_team().run(self, frames):
            return
        if isinstance(self._call, NativeCall):
            self._call.set_args(pack_args(frames) + self._whole_words)
            self._call.run()
        else:  # Plain Python is for tests and debugging: it makes every strip.
            for strip in self._strips:
                self._call.set_args((*frames, *strip))
                self._call.run()

    def aim(self, frames: Sequence[NDArray[Any]]) -> None:
        """Give the frames to all calls."""
        words = pack_args(frames)
        for call in self._machine_calls:
            call.set_args(words)


class ThreadTeam:
    """Threads that live as long as the process; one caller at a time has them, others work alone."""

    def __init__(self) -> None:
        memory = (ctypes.c_int64 * (_board.WORDS + _LINE // 8))()
        keep_forever(memory)  # A helper may be at it when Python ends.
        self.address = ctypes.addressof(memory) + -ctypes.addressof(memory) % _LINE
        self.share: Call | None = None
        self._words = (ctypes.c_int64 * _board.WORDS).from_address(self.address)
        self._helpers: list[_Worker] = []
        self._turn = threading.Lock()
        self._in_work: object = None

    def run(self, strips: TiledCall, frames: Sequence[NDArray[Any]]) -> bool:
        """Make a result together with helpers.

        Returns:
            Whether it is made. If not, nothing was begun: somebody has the helpers, or they are not ready yet.
        """
        if not self._turn.acquire(blocking=False):
            return False
        share = None
        try:
            share = self.ready(strips.helpers)
            if share is not None:
                self._begin(strips, frames, share)
        finally:
            try:
                if share is not None:
                    self._finish(share)
            finally:
                if not self._words[_board.LEFT_INSIDE]:
                    self._in_work = None
                    self._turn.release()
        return share is not None

    def _begin(self, strips: TiledCall, frames: Sequence[NDArray[Any]], share: Call) -> None:
        """Write down what is to be done, and wake helpers up."""
        self._words[_board.LEFT_INSIDE] = 1
        self._words[_board.COUNT] = 0
        self._in_work = strips, frames  # They live until all is done, wherever Ctrl-C comes.
        strips.aim(frames)
        for place, word in strips.board.items():
            self._words[place] = word
        sleepers = [helper for helper in self._helpers[: strips.helpers] if helper.is_asleep]
        if sleepers:
            self._words[_board.IS_WAKING] = 1
            share.run()
            for helper in sleepers:
                helper.wake()

    def _finish(self, share: Call) -> None:
        """Make what no helper does, and wait for the helpers; Ctrl-C is raised when they are done."""
        try:
            self._words[_board.IS_WAKING] = 0
            share.run()
            while self._words[_board.LEFT_INSIDE]:
                time.sleep(_NAP_S)
                share.run()
        except BaseException:
            self._finish(share)
            raise

    def is_open_to(self, helper: int) -> bool:
        """Tell whether a helper may come in."""
        return self._words[_board.OPEN] >= helper

    def ready(self, helpers: int) -> Call | None:
        """Start as many threads, or one for each other processor; return what lets them in, once they know that."""
        if len(self._helpers) < helpers:
            for number in range(len(self._helpers), min(helpers, usable_cpus() - 1)):
                self._helpers.append(_Worker(self, number + 1))
        return self.share


class _Worker:
    """A thread that makes strips, waits for more, and then sleeps.

    Args:
        pool: Whose board it looks at.
        number: The first one's is 1; 0 is the caller.

    Attributes:
        is_asleep: Whether it has to be woken up.
    """

    def __init__(self, pool: ThreadTeam, number: int) -> None:
        self._pool = pool
        self._number = number
        self.is_asleep = False
        self._bell = threading.Semaphore(0)
        self._apart_from = -1
        self._thread_id = 0
        threading.Thread(target=self._run, name="livefilter strip", daemon=True).start()

    def wake(self) -> None:
        """Wake the thread."""
        self.is_asleep = False
        self._keep_apart()
        self._bell.release()

    def _keep_apart(self) -> None:
        """Keep the thread off the caller's processor: a system may give it that one, though others have nothing to do.

        It would then run in place of the caller, not beside it (measured: as slow as one thread, or slower).
        """
        if _PROCESSOR is not None and (here := _PROCESSOR()) != self._apart_from:
            with suppress(OSError):  # A sandbox may forbid it.
                os.sched_setaffinity(self._thread_id, os.sched_getaffinity(0) - {here})
            self._apart_from = here

    def _run(self) -> None:
        try:
            serve, share = load_work_loop()
            patience = _patience()
        except Exception as error:  # Whatever compilers raise; frames come out the same.
            logger.warning("each frame is filtered by one thread: %s", error)
            return
        call = serve([self._pool.address, self._number, patience])
        self._thread_id = threading.get_native_id()
        self._pool.share = self._pool.share or share([self._pool.address, patience])
        while True:
            self.is_asleep = True
            # A caller that has just seen it awake has opened the board by now.
            if not self._pool.is_open_to(self._number):
                self._bell.acquire()
            call.run()


@cache
def load_work_loop() -> tuple[Function, Function]:
    """Return what helpers do, and what callers do."""
    text = _TEXT.read_text(encoding="utf-8")
    return load_or_compile(text, "serve"), load_or_compile(text, "share")


@cache
def _patience() -> int:
    """Return how many rests patience is; processors take from one to fifty nanoseconds for one."""
    serve, _ = load_work_loop()
    closed = (ctypes.c_int64 * _board.WORDS)()
    idle = serve([ctypes.addressof(closed), 1, _RESTS])
    took = []
    for _ in range(3):
        start = time.perf_counter_ns()
        idle.run()
        took.append(time.perf_counter_ns() - start)
    return _RESTS * _PATIENCE_NS // max(min(took), 1)


_pool = ThreadTeam()


def current_team() -> ThreadTeam:
    """Return the process's pool."""
    return _pool


def _forget_threads() -> None:
    # A forked child inherits the pool but none of its threads.
    global _pool
    _pool = ThreadTeam()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_threads)
