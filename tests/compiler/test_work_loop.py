"""The thread hand-over, step by step: the text of the machine code, run as Python on words that a test watches."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from typing import Any

import pytest

from livefilter.compiler.threads import WORK_LOOP
from livefilter.compiler.threads import control_block as control

BLOCK, ARG_BLOCKS, TILES, ENTRY = 1000, 2000, 3000, 77
Hook = Callable[[], None]


class Memory:
    """Words by address and index, and the loops on them.

    Attributes:
        computed: Thread and tile of each call.
        before_add: Called before the word of an index is added to, once.
        at_pause: Called at each pause.
    """

    def __init__(self, tiles: int) -> None:
        self.words: dict[tuple[int, int], int] = defaultdict(int)
        self.computed: list[tuple[int, int]] = []
        self.before_add: dict[int, Hook] = {}
        self.at_pause: Hook = lambda: None
        frame = {control.ENTRY: ENTRY, control.ARG_BLOCKS: ARG_BLOCKS, control.TILES: TILES}
        frame |= {control.TILE_ARG_OFFSET: 6, control.TILE_ARG_COUNT: 2}
        frame |= {control.TILE_COUNT: tiles, control.MAX_WORKERS: 1}
        self.words.update({(BLOCK, index): word for index, word in frame.items()})
        self.words.update({(ARG_BLOCKS, thread): 5000 + thread for thread in (0, 1)})
        self.words.update({(TILES, 2 * tile): 100 + tile for tile in range(tiles)})
        self._loops: dict[str, Any] = {}
        exec(compile(WORK_LOOP.read_text(encoding="utf-8"), str(WORK_LOOP), "exec"), self._loops)
        self._loops.update(
            load=lambda block, index: self.words[block, index],
            store=lambda block, index, value: self.words.update({(block, index): value}),
            fetch_add=self._fetch_add,
            call_indirect=self._call_indirect,
            spin_pause=lambda: self.at_pause(),
            argument=lambda call, index, kind: call[index],
        )

    def __getitem__(self, index: int) -> int:
        """Return a word of the control block."""
        return self.words[BLOCK, index]

    def __setitem__(self, index: int, value: int) -> None:
        """Write a word of the control block."""
        self.words[BLOCK, index] = value

    def worker_loop(self, worker: int, spin_budget: int) -> None:
        """Do what a worker does."""
        self._loops["worker_loop"]([BLOCK, worker, spin_budget])

    def run_and_join(self, spin_budget: int) -> None:
        """Do what a caller does."""
        self._loops["run_and_join"]([BLOCK, spin_budget])

    def _fetch_add(self, block: int, index: int, value: int) -> int:
        self.before_add.pop(index, lambda: None)()
        self.words[block, index] += value
        return self.words[block, index] - value

    def _call_indirect(self, entry: int, args: int) -> None:
        assert entry == ENTRY
        self.computed.append((args - 5000, self.words[args, 6] - 100))


def test_a_caller_computes_every_tile_and_closes_the_frame() -> None:
    """With the words of each tile in its own argument block; no worker is active afterwards."""
    memory = Memory(3)
    memory.run_and_join(5)
    assert memory.computed == [(0, 0), (0, 1), (0, 2)]
    assert memory[control.ADMITTED] == memory[control.STILL_ACTIVE] == 0


def test_a_caller_that_wakes_workers_only_admits_them() -> None:
    """It has computed nothing yet."""
    memory = Memory(3)
    memory[control.WAKE_ONLY] = 1
    memory.run_and_join(5)
    assert memory[control.ADMITTED] == 1
    assert memory.computed == []


@pytest.mark.parametrize(("spin_budget", "left"), [(3, 0), (2, 1)])
def test_a_caller_waits_for_workers_for_a_while(spin_budget: int, left: int) -> None:
    """And stores how many are active after that."""
    memory = Memory(1)
    memory[control.ACTIVE] = 3

    def finish_one() -> None:
        memory[control.ACTIVE] -= 1

    memory.at_pause = finish_one
    memory.run_and_join(spin_budget)
    assert memory[control.STILL_ACTIVE] == left


def test_a_worker_computes_the_tiles_of_an_open_frame_and_polls_for_more() -> None:
    """As long as its spin budget lasts, from its last tile on."""
    memory = Memory(2)
    pauses = 0

    def open_at_fourth() -> None:
        nonlocal pauses
        pauses += 1
        if pauses == 4:
            memory[control.ADMITTED] = 1

    memory.at_pause = open_at_fourth
    memory.worker_loop(1, 5)
    assert memory.computed == [(1, 0), (1, 1)]
    assert pauses == 4 + 5
    assert memory[control.ACTIVE] == 0


def test_a_worker_that_is_not_admitted_computes_nothing() -> None:
    """The frame is open to one worker, and this is the second."""
    memory = Memory(2)
    memory[control.ADMITTED] = 1
    memory.worker_loop(2, 5)
    assert memory.computed == []


def test_a_worker_that_finds_the_frame_closed_after_it_registered_computes_nothing() -> None:
    """The caller may have seen no active worker, and have returned."""
    memory = Memory(2)
    memory[control.ADMITTED] = 1

    def close() -> None:
        memory[control.ADMITTED] = 0

    memory.before_add[control.ACTIVE] = close
    memory.worker_loop(1, 5)
    assert memory.computed == []
    assert memory[control.ACTIVE] == 0
