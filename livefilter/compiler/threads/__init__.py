"""Several threads on one frame: the hand-over between a caller and its workers.

A frame is split into tiles of rows. The thread that calls the filter (the *caller*, thread 0) and the team's *workers*
(threads 1, 2 ...) take tiles one after the other until none is left; then the caller returns. They share nothing but
the *control block*, a row of 64-bit words. Both sides of the hand-over are machine code (``_work_loop``), so no thread
waits for Python's interpreter lock while frames follow each other closely.

Reading order: this text, ``_control_block`` (the words), ``_work_loop`` (the protocol in 70 lines), ``_team`` (the
threads: starting, sleeping, waking), ``_tiled_call`` (a generated function and its tiles). ``_atomics`` defines the
operations on words, and ``_tiling`` says how many threads and which tiles a frame gets.

**States of a frame**

========  ====================================================  ====================================================
state     caller                                                worker n
========  ====================================================  ====================================================
closed    --                                                    polls ``ADMITTED`` and ``NEXT_TILE``, or sleeps
filling   ``STILL_ACTIVE = 1``, ``TILE_COUNT = 0``, then        as above
          ENTRY ... ``NEXT_TILE = 0``, ``TILE_COUNT`` last
open      ``ADMITTED = MAX_WORKERS``; wakes sleeping workers;   sees ``n <= ADMITTED`` and a tile left:
          drains tiles                                          ``ACTIVE += 1``, reads ``ADMITTED`` again, drains
                                                                tiles only if still admitted, ``ACTIVE -= 1``
joining   ``ADMITTED = 0``; polls ``ACTIVE`` until it is 0      finishes its tile, ``ACTIVE -= 1``
joined    ``STILL_ACTIVE = 0``; returns: the frame is closed    polls for the next frame
========  ====================================================  ====================================================

*Drain*: ``tile = fetch_add(NEXT_TILE, 1)``; if ``tile < TILE_COUNT``, copy the tile's words into the thread's own
argument block, call ``ENTRY`` with it, and repeat.

**Who writes and who reads, in which memory order**

==========================  =================================  =====================================================
words                       written by                         read by
==========================  =================================  =====================================================
ENTRY ... MAX_WORKERS       caller, plain, while filling       caller and workers, seq_cst
WAKE_ONLY                   caller, plain                      caller
ADMITTED                    caller, seq_cst                    workers, seq_cst; a worker about to sleep, plain
ACTIVE                      workers, seq_cst ``fetch_add``     caller, seq_cst
STILL_ACTIVE                caller                             caller
NEXT_TILE                   caller, plain, while filling;      caller and workers, seq_cst
                            all, seq_cst ``fetch_add``
arguments of thread n       caller (frames), while filling;    thread n
                            thread n (tile)
==========================  =================================  =====================================================

Machine code accesses every word of the control block by sequentially consistent atomics. Plain writes are Python's, of
aligned 64-bit words: they never tear, and the store to ``ADMITTED`` that follows publishes them.

**Why no tile is lost or computed twice.** ``fetch_add`` gives each index to one thread. The caller stops only at an
index beyond the last, so every tile is taken by then. A worker that took one is registered in ``ACTIVE``, and the
caller does not return before ``ACTIVE`` is 0, which also makes the workers' pixels visible to it.

**Why no worker touches a frame after its caller has returned.** A worker writes ``ACTIVE`` and then reads
``ADMITTED``; the caller writes ``ADMITTED`` and then reads ``ACTIVE``. In one order of all accesses, which is what
seq_cst means (acquire and release would not do), at least one of them sees the other's write. So either the worker
sees 0 and leaves without reading a word about the frame, or the caller sees it registered and waits. A worker that was
delayed between its first and its second check may find the *next* frame open, and joins that one, whose words are
complete.

**Interruptions.** Ctrl-C may arrive at any Python instruction. ``TILE_COUNT`` is written last, so a half-filled block
has no tiles. ``STILL_ACTIVE`` is 1 from the first write on, and the exception is raised only after the join. If even
the wait for workers ends with an error, the team keeps the frame's memory alive, stays locked, and later frames use
one thread.

**Sleeping and waking.** A worker that finds no tile for 0.1 ms leaves the machine code, sets ``is_asleep``, reads
``ADMITTED`` once more, and blocks on its semaphore. A caller that finds sleeping workers opens the frame first
(``WAKE_ONLY``), then releases their semaphores, then computes tiles itself. A worker that goes to sleep just when a
frame opens misses that frame, which the other threads compute, and is woken for the next one. A semaphore released
once too often costs 0.1 ms of polling. A caller that has polled ``ACTIVE`` for 0.1 ms stores the count in
``STILL_ACTIVE``, sleeps for 0.1 ms in Python, and joins again.

``tests/compiler/test_work_loop.py`` goes through the protocol step by step, ``test_team.py`` with real threads.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from livefilter._lazy import lazy_exports
from livefilter.compiler.threads import _control_block as control_block
from livefilter.compiler.threads._team import WORK_LOOP, ThreadTeam, current_team, load_work_loops, using_team
from livefilter.compiler.threads._tiled_call import TiledCall
from livefilter.compiler.threads._tiling import MAX_THREADS, split_rows, thread_count, useful_threads

if TYPE_CHECKING:
    from livefilter.compiler.threads._atomics import call_indirect, fetch_add, load, spin_pause, store
else:  # Atomics are Numba's intrinsics; only a process that compiles needs them.
    __getattr__, __dir__ = lazy_exports(
        __name__, {"_atomics": ["call_indirect", "fetch_add", "load", "spin_pause", "store"]}
    )

__all__ = [
    "MAX_THREADS",
    "WORK_LOOP",
    "ThreadTeam",
    "TiledCall",
    "call_indirect",
    "control_block",
    "current_team",
    "fetch_add",
    "load",
    "load_work_loops",
    "spin_pause",
    "split_rows",
    "store",
    "thread_count",
    "useful_threads",
    "using_team",
]
