"""Worker and caller side of a frame hand-over, as source text for machine code.

``load_work_loops`` compiles the text of this module; only then do its functions share memory between threads. The
docstring of the package explains the protocol; ``call`` is an argument block as the compiler's ABI describes it.

The loops are machine code because a sleeping thread takes 0.05 to 0.15 ms to wake up, and a thread that runs Python
also waits for the interpreter's lock. So a worker polls for the next frame for a while before it goes to sleep.
"""

# mypy: ignore-errors

from __future__ import annotations

from typing import Any

from numba.extending import register_jitable

from livefilter.compiler.lanes import llvm_operations
from livefilter.compiler.threads._atomics import call_indirect, fetch_add, load, spin_pause, store
from livefilter.compiler.threads._control_block import (
    ACTIVE,
    ADMITTED,
    ARG_BLOCKS,
    ENTRY,
    MAX_WORKERS,
    NEXT_TILE,
    STILL_ACTIVE,
    TILE_ARG_COUNT,
    TILE_ARG_OFFSET,
    TILE_COUNT,
    TILES,
    WAKE_ONLY,
)

argument = llvm_operations()["argument"]


@register_jitable
def drain_tiles(block: int, thread: int) -> None:
    """Take and compute tiles until all are taken."""
    args = load(load(block, ARG_BLOCKS), thread)
    tile = fetch_add(block, NEXT_TILE, 1)
    while tile < load(block, TILE_COUNT):
        count = load(block, TILE_ARG_COUNT)
        for word in range(count):
            store(args, load(block, TILE_ARG_OFFSET) + word, load(load(block, TILES), tile * count + word))
        call_indirect(load(block, ENTRY), args)
        tile = fetch_add(block, NEXT_TILE, 1)


def worker_loop(call: Any) -> None:
    """Help with frame after frame; return when ``spin_budget`` polls in a row have found no tile."""
    block = argument(call, 0, "int64")
    thread = argument(call, 1, "int64")
    spin_budget = argument(call, 2, "int64")
    idle = 0
    while idle < spin_budget:
        idle += 1
        spin_pause()
        if thread <= load(block, ADMITTED) and load(block, NEXT_TILE) < load(block, TILE_COUNT):
            # Register first, then check ADMITTED again: the caller waits for every registered worker.
            fetch_add(block, ACTIVE, 1)
            if thread <= load(block, ADMITTED):
                drain_tiles(block, thread)
                idle = 0
            fetch_add(block, ACTIVE, -1)


def run_and_join(call: Any) -> None:
    """Admit workers, compute tiles, close the frame, and wait up to ``spin_budget`` polls for active workers."""
    block = argument(call, 0, "int64")
    spin_budget = argument(call, 1, "int64")
    store(block, ADMITTED, load(block, MAX_WORKERS))
    if load(block, WAKE_ONLY):
        return
    drain_tiles(block, 0)
    store(block, ADMITTED, 0)
    active = load(block, ACTIVE)
    while active > 0 and spin_budget > 0:
        spin_budget -= 1
        spin_pause()
        active = load(block, ACTIVE)
    store(block, STILL_ACTIVE, active)
