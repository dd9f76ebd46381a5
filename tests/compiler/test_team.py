"""The thread team: tiles are computed once, by any of its threads, and no result is left half done."""

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
from types import FrameType
from typing import NoReturn

import numpy as np
import pytest

from livefilter.compiler.native import llvm_ir, load_or_compile
from livefilter.compiler.threads import WORK_LOOP, ThreadTeam, TiledCall
from livefilter.testing import wait_until

pytestmark = pytest.mark.jit
ROOT = Path(__file__).resolve().parents[2]
WHOLE = 1000
"""Selects all tiles; their own numbers are smaller."""
MARK = """
def mark(call):
    result = argument(call, 0, "int64[::1]")
    tile = argument(call, 1, "int64")
    thread = argument(call, 2, "int64")
    if tile == 1000:
        result[:] = 1000
    else:
        result[tile] = 100 * result[tile] + 1 + thread
"""
MEET = """
from livefilter.compiler.threads import fetch_add, load, spin_pause

def meet(call):
    result = argument(call, 0, "int64[::1]")
    tile = argument(call, 1, "int64")
    meeting = argument(call, 3, "int64")
    expected = argument(call, 4, "int64")
    fetch_add(meeting, 0, 1)
    left = 3000000000
    while load(meeting, 0) < expected and left > 0:
        spin_pause()
        left -= 1
    result[tile] = load(meeting, 0)
"""
LINGER = """
from livefilter.compiler.threads import fetch_add, load, spin_pause

def linger(call):
    result = argument(call, 0, "int64[::1]")
    tile = argument(call, 1, "int64")
    thread = argument(call, 2, "int64")
    meeting = argument(call, 3, "int64")
    expected = 1
    if thread > 0:
        expected = 100
        fetch_add(meeting, 0, 1)
    left = 3000000000
    while load(meeting, 0) < expected and left > 0:
        spin_pause()
        left -= 1
    result[tile] = 100
"""


def tiled_call(source: str, name: str, tiles: int, threads: int, *more: int) -> TiledCall:
    """Return the call of a function that gets an array, the tile, the thread, and more."""
    function = load_or_compile(source, name)
    calls = [function([0, 0, thread, *more]) for thread in range(threads)]
    return TiledCall(calls, 1, (WHOLE,), [(tile,) for tile in range(tiles)])


@pytest.mark.parametrize("threads", [2, 3, 8])
def test_every_tile_is_computed_once(team: ThreadTeam, threads: int) -> None:
    """By one of the threads that may take part, with arguments of its own."""
    call = tiled_call(MARK, "mark", 16, threads)
    for _ in range(300):
        result = np.zeros(16, np.int64)
        assert team.run(call, [result])
        assert set(result) <= set(range(1, threads + 1))


@pytest.mark.parametrize("threads", [2, 8])
def test_tiles_are_computed_at_the_same_time(threads: int) -> None:
    """Tiles that wait for one another all end, whether the workers slept before or not.

    They poll for a tenth of a second of processor time, so that none falls asleep between two frames, however busy the
    machine is.
    """
    own = ThreadTeam(max_workers=threads - 1, min_share_us=1e-9, spin_ns=100_000_000, current_cpu=None)
    wait_until(lambda: own.start(threads - 1) and own.is_asleep, timeout_s=60)
    meeting = ctypes.c_int64()
    call = tiled_call(MEET, "meet", threads, threads, ctypes.addressof(meeting), threads)
    for is_after_sleep in (True, False, False, True):
        if is_after_sleep:
            wait_until(lambda: own.is_asleep)
        meeting.value = 0
        result = np.zeros(threads, np.int64)
        assert own.run(call, [result])
        assert list(result) == [threads] * threads


def test_a_caller_that_finds_the_team_busy_works_alone(team: ThreadTeam) -> None:
    """In one piece, and at once."""
    meeting = ctypes.c_int64()
    held = tiled_call(MEET, "meet", 2, 2, ctypes.addressof(meeting), 3)
    call = tiled_call(MARK, "mark", 4, 2)  # Compiled before the others wait for it.
    result = np.zeros(2, np.int64)
    other = threading.Thread(target=held, args=(result,))
    other.start()
    wait_until(lambda: meeting.value == 2)
    alone = np.zeros(4, np.int64)
    assert not team.run(call, [alone])
    assert list(alone) == [0] * 4
    call(alone)
    assert list(alone) == [WHOLE] * 4
    meeting.value = 3
    other.join(30)
    assert not other.is_alive()
    assert list(result) == [3, 3]
    assert team.run(call, [alone])


@pytest.mark.usefixtures("team")
def test_many_callers_share_the_team() -> None:
    """Every caller's tiles are computed, and once, by its own thread alone or by the team."""

    def work(_: int) -> None:
        call = tiled_call(MARK, "mark", 8, 4)
        for _ in range(300):
            result = np.zeros(8, np.int64)
            call(result)
            assert set(result) == {WHOLE} or set(result) <= {1, 2, 3, 4}

    with ThreadPoolExecutor(8) as callers:
        assert list(callers.map(work, range(8))) == [None] * 8


def slow_worker(meeting: ctypes.c_int64) -> TiledCall:
    """Return a call whose worker computes until the meeting has 100."""
    return tiled_call(LINGER, "linger", 2, 2, ctypes.addressof(meeting))


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="needs timers")
def test_ctrl_c_is_raised_when_the_workers_are_done(team: ThreadTeam) -> None:
    """Not before, because they still write to the frame; not even the third time. The team works on."""
    meeting, result = ctypes.c_int64(), np.zeros(2, np.int64)
    call = slow_worker(meeting)
    signals = 0

    def interrupt(number: int, frame: FrameType | None) -> NoReturn:
        nonlocal signals
        signals += 1
        if signals == 3:
            signal.setitimer(signal.ITIMER_REAL, 0)
            meeting.value = 100
        raise KeyboardInterrupt

    def run_interrupted() -> None:
        signal.setitimer(signal.ITIMER_REAL, 0.05, 0.05)
        team.run(call, [result])

    previous = signal.signal(signal.SIGALRM, interrupt)
    try:
        with pytest.raises(KeyboardInterrupt):
            run_interrupted()
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, previous)
    assert signals == 3
    assert list(result) == [100, 100]
    assert team.run(tiled_call(MARK, "mark", 2, 2), [result])


def test_a_frame_is_kept_if_the_wait_for_its_workers_fails() -> None:
    """They still write to it. The team helps no caller from then on, and frames are computed alone."""

    def fail(_: float) -> NoReturn:
        raise MemoryError

    own = ThreadTeam(max_workers=1, sleep=fail)
    wait_until(lambda: own.start(1) and own.is_asleep)
    meeting, result = ctypes.c_int64(), np.zeros(2, np.int64)
    before = sys.getrefcount(result)
    with pytest.raises(RecursionError):  # It tries again until it cannot.
        own.run(slow_worker(meeting), [result])
    assert sys.getrefcount(result) > before
    assert not own.run(tiled_call(MARK, "mark", 2, 2), [result])
    meeting.value = 100
    wait_until(lambda: list(result) == [100, 100])


def test_workers_stay_off_the_caller_s_processor() -> None:
    """On a system that gives them that one, they would run in place of the caller."""
    if not hasattr(os, "sched_getaffinity") or len(os.sched_getaffinity(0)) < 2:
        pytest.skip("needs Linux and two processors")
    cpu = -1
    own = ThreadTeam(max_workers=2, current_cpu=lambda: cpu)
    wait_until(lambda: own.start(2) and all(own.thread_ids))
    call = tiled_call(MARK, "mark", 4, 3)
    for cpu in sorted(os.sched_getaffinity(0))[:2]:
        wait_until(lambda: own.is_asleep)  # A worker's processors are set when it is woken.
        assert own.run(call, [np.zeros(4, np.int64)])
        for thread in own.thread_ids:
            assert os.sched_getaffinity(thread) == os.sched_getaffinity(0) - {cpu}


def test_without_its_machine_code_every_frame_is_computed_alone(caplog: pytest.LogCaptureFixture) -> None:
    """A warning says so."""

    def fail() -> NoReturn:
        raise OSError("no memory")

    own, result = ThreadTeam(max_workers=1, load_loops=fail), np.zeros(4, np.int64)
    with caplog.at_level(logging.WARNING, "livefilter"):
        assert not own.start(1)
        wait_until(lambda: caplog.records)
    assert "cannot compile the thread hand-over, so one thread filters each frame: no memory" in caplog.text
    assert not own.run(tiled_call(MARK, "mark", 4, 2), [result])


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="needs Linux")
def test_one_processor_has_no_workers() -> None:
    """A worker would only take turns with the caller."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(before)})
    try:
        own = ThreadTeam()
        assert not own.run(tiled_call(MARK, "mark", 4, 2), [np.zeros(4, np.int64)])
        assert own.thread_ids == []
    finally:
        os.sched_setaffinity(0, before)


PROGRAM = """
    import os, sys
    import numpy as np
    from livefilter import Filter
    from livefilter.compiler.threads import ThreadTeam, using_team
    from livefilter.testing import wait_until

    image = np.random.default_rng(0).integers(0, 256, (200, 300), dtype=np.uint8)
    alone = Filter("edge", threads=1)(image).image
    call = Filter("edge", threads=4)
    with using_team(ThreadTeam(max_workers=3, min_share_us=1, current_cpu=None)) as team:
        wait_until(lambda: team.start(3), timeout_s=80)  # Compiles, the first time.
        for _ in range(20):
            assert (call(image).image == alone).all()
        for _ in range(int(sys.argv[1])):
            if (child := os.fork()) == 0:
                assert team.thread_ids == []
                wait_until(lambda: team.start(3))
                for _ in range(20):
                    assert (call(image).image == alone).all()
                sys.exit(7)
            assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
            assert (call(image).image == alone).all()
"""


@pytest.mark.parametrize(
    "forks", [0, pytest.param(5, marks=pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork"))]
)
def test_a_process_can_fork_or_end_while_workers_poll(forks: int, thorough: bool) -> None:
    """Workers read the control block for a while yet, also while Python exits; a child starts its own, and exits."""
    for _ in range(5 if thorough else 2):
        subprocess.run(
            [sys.executable, "-c", textwrap.dedent(PROGRAM), str(forks)],
            check=True,
            timeout=100,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )


def test_the_machine_code_compiles_for_arm() -> None:
    """Its atomic operations, and its spin-wait hint."""
    import llvmlite.binding as llvm

    llvm.initialize_all_targets()
    llvm.initialize_all_asmprinters()
    triple = "aarch64-unknown-linux-gnu"
    machine = llvm.Target.from_triple(triple).create_target_machine(cpu="generic")
    for name in ("worker_loop", "run_and_join"):
        text = llvm_ir(WORK_LOOP.read_text(encoding="utf-8"), name)
        text = re.sub(r'target triple = ".*"', f'target triple = "{triple}"', text)
        text = re.sub(r'target datalayout = ".*"', f'target datalayout = "{machine.target_data}"', text)
        text = re.sub(r"call void @llvm.x86.sse2.pause\(\)", "call void @llvm.aarch64.hint(i32 1)", text)
        text = re.sub(r"declare void @llvm.x86.sse2.pause\(\)", "declare void @llvm.aarch64.hint(i32)", text)
        assembly = machine.emit_assembly(llvm.parse_assembly(text))
        assert "ldaxr" in assembly
        assert "yield" in assembly or platform.machine() != "x86_64"
