"""The strip pool: all strips are done, errors reach the caller, and a fork does not hang."""

from __future__ import annotations

import os
import threading
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest

from livefilter.compiler._strips import MOST_THREADS, StripPool, pool, thread_count
from livefilter.errors import OptionError


def test_every_strip_is_done_once() -> None:
    """The caller does the first one itself; the next call uses the same workers."""
    strips = StripPool()
    for _ in range(50):
        done: list[tuple[int, str]] = []

        def task(at: int, done: list[tuple[int, str]]) -> None:
            done.append((at, threading.current_thread().name))

        strips.run([partial(task, at, done) for at in range(4)])
        assert sorted(at for at, _ in done) == [0, 1, 2, 3]
        assert dict(done)[0] == threading.current_thread().name
    assert sum(thread.name == "livefilter strip" for thread in threading.enumerate()) >= 3


def test_strips_are_done_at_the_same_time() -> None:
    """Two strips that wait for one another both end."""
    meeting = threading.Barrier(2, timeout=30)
    StripPool().run([lambda: assert_met(meeting), lambda: assert_met(meeting)])


def assert_met(meeting: threading.Barrier) -> None:
    """Wait for the other."""
    assert meeting.wait() in (0, 1)


def test_a_busy_pool_makes_the_caller_do_its_strips_itself() -> None:
    """Nobody waits for threads that work for someone else."""
    strips, busy, gate = StripPool(), threading.Barrier(3, timeout=30), threading.Event()

    def block() -> None:
        busy.wait()
        gate.wait(30)

    other = threading.Thread(target=strips.run, args=([block, block],))
    other.start()
    busy.wait()
    names: list[str] = []
    strips.run([lambda: names.append(threading.current_thread().name) for _ in range(2)])
    gate.set()
    other.join()
    assert names == [threading.current_thread().name] * 2


@pytest.mark.parametrize("failing", [0, 1, 2])
def test_an_error_in_a_strip_is_raised_in_the_caller(failing: int) -> None:
    """After all strips have ended; the pool works on."""
    strips, done = StripPool(), []

    def task(at: int) -> None:
        if at == failing:
            raise ArithmeticError(str(at))
        done.append(at)

    with pytest.raises(ArithmeticError, match=str(failing)):
        strips.run([partial(task, at) for at in range(3)])
    assert sorted(done) == [at for at in range(3) if at != failing]
    strips.run([lambda: done.append(9), lambda: done.append(9)])
    assert done.count(9) == 2


def test_many_callers_share_a_pool() -> None:
    """Every caller's strips are done, whoever has the workers."""
    strips, count = StripPool(), [0] * 8

    def call(at: int) -> None:
        for _ in range(200):
            strips.run([lambda: count.__setitem__(at, count[at] + 1), lambda: None, lambda: None])

    with ThreadPoolExecutor(8) as callers:
        list(callers.map(call, range(8)))
    assert count == [200] * 8


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_forked_child_has_a_pool_of_its_own() -> None:
    """The child inherits no threads, so it starts its own instead of waiting for those of its parent."""
    pool().run([lambda: None, lambda: None])
    child = os.fork()
    if child == 0:
        done: list[int] = []
        pool().run([lambda: done.append(1), lambda: done.append(2)])
        os._exit(0 if sorted(done) == [1, 2] else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_the_number_of_threads_is_given_named_or_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """The argument, else LIVEFILTER_THREADS, else one per processor, within reason."""
    monkeypatch.setenv("LIVEFILTER_THREADS", "3")
    assert thread_count(2) == 2
    assert thread_count(None) == 3
    monkeypatch.delenv("LIVEFILTER_THREADS")
    assert 1 <= thread_count(None) <= MOST_THREADS


@pytest.mark.parametrize("given", ["0", "-2", "many", "1.5"])
def test_a_number_of_threads_that_makes_no_sense_is_refused(given: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Wherever it comes from, the message names it."""
    monkeypatch.setenv("LIVEFILTER_THREADS", given)
    with pytest.raises(OptionError, match="LIVEFILTER_THREADS: must be at least 1"):
        thread_count(None)
