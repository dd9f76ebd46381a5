"""The pool: strips are made once, by whoever is there, and nothing is left half made."""

from __future__ import annotations

import ctypes
import logging
import os
import platform
import re
import signal
import subprocess
import sys
import textwrap
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NoReturn

import numpy as np
import pytest

from livefilter.compiler._abi import Argument
from livefilter.compiler.native._disk_cache import load_or_compile
from livefilter.compiler.threads import _pool
from livefilter.compiler.threads._pool import ThreadTeam, TiledCall, current_team
from livefilter.testing import wait_until

pytestmark = [pytest.mark.jit, pytest.mark.usefixtures("_seven_helpers")]
ROOT = Path(__file__).resolve().parents[2]
WHOLE = 1000
"""Strips have smaller numbers."""
MARK = """
def mark(call):
    made = argument(call, 0, "int64[::1]")
    strip = argument(call, 1, "int64")
    thread = argument(call, 2, "int64")
    if strip == 1000:
        made[:] = 1000
    else:
        made[strip] = 100 * made[strip] + 1 + thread
"""
MEET = """
from livefilter.compiler.threads._atomics import added, rest, seen

def meet(call):
    made = argument(call, 0, "int64[::1]")
    strip = argument(call, 1, "int64")
    meeting = argument(call, 3, "int64")
    wanted = argument(call, 4, "int64")
    added(meeting, 0, 1)
    left = 1000000000
    while seen(meeting, 0) < wanted and left > 0:
        rest()
        left -= 1
    made[strip] = seen(meeting, 0)
"""
LINGER = """
from livefilter.compiler.threads._atomics import added, rest, seen

def linger(call):
    made = argument(call, 0, "int64[::1]")
    strip = argument(call, 1, "int64")
    thread = argument(call, 2, "int64")
    meeting = argument(call, 3, "int64")
    wanted = 1
    if thread > 0:
        wanted = 100
        added(meeting, 0, 1)
    left = 1000000000
    while seen(meeting, 0) < wanted and left > 0:
        rest()
        left -= 1
    made[strip] = 100
"""


def strip_call(source: str, name: str, strips: int, threads: int, *more: Argument) -> TiledCall:
    """Return what makes strips with a function that gets an array, the strip, the thread, and more."""
    function = load_or_compile(source, name)
    calls = [function([0, 0, thread, *more]) for thread in range(threads)]
    return TiledCall(calls, 1, (WHOLE,), [(strip,) for strip in range(strips)])


@pytest.mark.parametrize("threads", [2, 3, 8])
def test_every_strip_is_made_once(threads: int) -> None:
    """By one of the threads that the result may have, with arguments of its own."""
    call = strip_call(MARK, "mark", 16, threads)
    for _ in range(300):
        made = np.zeros(16, np.int64)
        assert current_team().run(call, [made])
        assert set(made) <= set(range(1, threads + 1))


@pytest.mark.parametrize("threads", [2, 8])
def test_strips_are_made_at_the_same_time(threads: int) -> None:
    """Strips that wait for one another all end, whether the helpers slept before or not."""
    meeting = ctypes.c_int64()
    call = strip_call(MEET, "meet", threads, threads, ctypes.addressof(meeting), threads)
    for is_after_sleep in (False, False, True, False):
        if is_after_sleep:
            wait_for_sleep()
        meeting.value = 0
        made = np.zeros(threads, np.int64)
        assert current_team().run(call, [made])
        assert list(made) == [threads] * threads


def wait_for_sleep() -> None:
    """Wait until every helper has given up looking for strips."""
    wait_until(lambda: all(helper.is_asleep for helper in current_team()._helpers))


def test_who_finds_the_pool_busy_works_alone() -> None:
    """In one piece, and at once."""
    meeting = ctypes.c_int64()
    held = strip_call(MEET, "meet", 2, 2, ctypes.addressof(meeting), 3)
    made = np.zeros(2, np.int64)
    other = threading.Thread(target=held, args=(made,))
    other.start()
    wait_until(lambda: meeting.value == 2)
    alone = np.zeros(4, np.int64)
    call = strip_call(MARK, "mark", 4, 2)
    assert not current_team().run(call, [alone])
    assert list(alone) == [0] * 4
    call(alone)
    assert list(alone) == [WHOLE] * 4
    meeting.value = 3
    other.join(30)
    assert not other.is_alive()
    assert list(made) == [3, 3]
    assert current_team().run(call, [alone])


def test_many_callers_share_the_pool() -> None:
    """Whoever has the helpers, every caller's strips are made, and once."""

    def work(_: int) -> None:
        call = strip_call(MARK, "mark", 8, 4)
        for _ in range(300):
            made = np.zeros(8, np.int64)
            call(made)
            assert set(made) == {WHOLE} or set(made) <= {1, 2, 3, 4}

    with ThreadPoolExecutor(8) as callers:
        assert list(callers.map(work, range(8))) == [None] * 8


def slow_helper(meeting: ctypes.c_int64) -> TiledCall:
    """Return a call whose helper works until the meeting has 100."""
    return strip_call(LINGER, "linger", 2, 2, ctypes.addressof(meeting))


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="needs timers")
def test_ctrl_c_is_raised_when_the_helpers_are_done() -> None:
    """Not before: they still write to the frame. The pool works on."""
    meeting, made = ctypes.c_int64(), np.zeros(2, np.int64)
    call = slow_helper(meeting)
    threading.Timer(0.3, lambda: setattr(meeting, "value", 100)).start()
    previous = signal.signal(signal.SIGALRM, signal.default_int_handler)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.05, 0.05)
        with pytest.raises(KeyboardInterrupt):
            current_team().run(call, [made])
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, previous)
    assert list(made) == [100, 100]
    assert current_team().run(strip_call(MARK, "mark", 2, 2), [made])


def test_what_helpers_work_on_is_kept_if_the_waiting_for_them_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever ends it. Nobody else has the helpers from then on, and frames are made alone."""
    own = ThreadTeam()
    wait_until(lambda: own.ready(1))
    meeting, made = ctypes.c_int64(), np.zeros(2, np.int64)

    def fail(_: object) -> NoReturn:
        raise MemoryError

    monkeypatch.setattr(own, "_finish", fail)
    before = sys.getrefcount(made)
    with pytest.raises(MemoryError):
        own.run(slow_helper(meeting), [made])
    assert sys.getrefcount(made) > before
    assert not own.run(strip_call(MARK, "mark", 2, 2), [made])
    meeting.value = 100
    wait_until(lambda: list(made) == [100, 100])  # The helper makes both.


def test_helpers_stay_off_the_caller_s_processor(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a system that gives them that one, they would run in place of the caller."""
    if not hasattr(os, "sched_getaffinity") or len(os.sched_getaffinity(0)) < 2:
        pytest.skip("needs Linux and two processors")
    call = strip_call(MARK, "mark", 4, 3)
    for here in sorted(os.sched_getaffinity(0))[:2]:
        monkeypatch.setattr(_pool, "_PROCESSOR", lambda here=here: here)
        wait_for_sleep()  # They are told when they are woken up.
        assert current_team().run(call, [np.zeros(4, np.int64)])
        for helper in current_team()._helpers[:2]:
            assert os.sched_getaffinity(helper._thread_id) == os.sched_getaffinity(0) - {here}


def test_without_its_machine_code_every_frame_is_made_alone(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A warning says so."""

    def fail() -> NoReturn:
        raise OSError("no memory")

    monkeypatch.setattr(_pool, "load_work_loop", fail)
    own, made = ThreadTeam(), np.zeros(4, np.int64)
    with caplog.at_level(logging.WARNING, "livefilter"):
        assert own.ready(1) is None
        wait_until(lambda: caplog.records)
    assert "each frame is filtered by one thread: no memory" in caplog.text
    assert not own.run(strip_call(MARK, "mark", 4, 2), [made])


def test_one_processor_gives_no_help(monkeypatch: pytest.MonkeyPatch) -> None:
    """A helper would only take turns with the caller."""
    monkeypatch.setattr(_pool, "usable_cpus", lambda: 1)
    own = ThreadTeam()
    assert not own.run(strip_call(MARK, "mark", 4, 2), [np.zeros(4, np.int64)])
    assert own._helpers == []


PROGRAM = """
    import os, sys
    import numpy as np
    from livefilter import Filter
    from livefilter.compiler.threads import _pool
    from livefilter.compiler.threads import _tiling as _strips

    _pool.usable_cpus, _strips._PART_US = lambda: 4, 1
    image = np.random.default_rng(0).integers(0, 256, (200, 300), dtype=np.uint8)
    alone = Filter("edge", threads=1)(image).image
    call = Filter("edge", threads=4)
    while _pool.current_team().ready(3) is None:
        pass
    for _ in range(20):
        assert (call(image).image == alone).all()
    if sys.argv[1] == "fork":
        if (child := os.fork()) == 0:
            assert _pool.current_team().share is None
            while _pool.current_team().ready(3) is None:
                pass
            assert (call(image).image == alone).all()
            os._exit(7)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
        assert (call(image).image == alone).all()
"""


@pytest.mark.parametrize("way", ["end", "fork"])
def test_a_process_that_forks_or_ends_while_helpers_wait_does_so_in_peace(way: str) -> None:
    """Helpers look at the board for a while yet, also while Python takes itself apart; a child starts its own."""
    if way == "fork" and not hasattr(os, "fork"):
        pytest.skip("needs fork")
    for _ in range(5):
        subprocess.run(
            [sys.executable, "-c", textwrap.dedent(PROGRAM), way],
            check=True,
            timeout=100,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )


def test_the_machine_code_compiles_for_arm() -> None:
    """Its atomic words, and its way to wait."""
    import llvmlite.binding as llvm

    from livefilter.compiler.native import _numba as _codegen

    llvm.initialize_all_targets()
    llvm.initialize_all_asmprinters()
    triple = "aarch64-unknown-linux-gnu"
    machine = llvm.Target.from_triple(triple).create_target_machine(cpu="generic")
    for name in ("serve", "share"):
        text = _codegen._compiled(_pool._TEXT.read_text(encoding="utf-8"), name)[1].get_llvm_str()
        text = re.sub(r'target triple = ".*"', f'target triple = "{triple}"', text)
        text = re.sub(r'target datalayout = ".*"', f'target datalayout = "{machine.target_data}"', text)
        text = re.sub(r"call void @llvm.x86.sse2.pause\(\)", "call void @llvm.aarch64.hint(i32 1)", text)
        text = re.sub(r"declare void @llvm.x86.sse2.pause\(\)", "declare void @llvm.aarch64.hint(i32)", text)
        assembly = machine.emit_assembly(llvm.parse_assembly(text))
        assert "ldaxr" in assembly
        assert "yield" in assembly or platform.machine() != "x86_64"
