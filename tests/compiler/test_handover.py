"""How threads share strips, step by step: the machine code's text, run as Python on words that a test watches."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable

import pytest

from livefilter.compiler.threads import _control_block as _board
from livefilter.compiler.threads import _work_loop as _handover

BOARD, TABLE, STRIPS, CODE = 1000, 2000, 3000, 77
Hook = Callable[[], None]


class Memory:
    """Words by address and place; ``before`` is called before the word in a place of the board is added to."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, strips: int) -> None:
        self.words: dict[tuple[int, int], int] = defaultdict(int)
        self.made: list[tuple[int, int]] = []
        self.before: dict[int, Hook] = {}
        self.at_rest: Hook = lambda: None
        told = {_board.CODE: CODE, _board.CALLS: TABLE, _board.PLACE: 6, _board.LENGTH: 2, _board.STRIPS: STRIPS}
        told |= {_board.COUNT: strips, _board.HELPERS: 1}
        self.words.update({(BOARD, place): word for place, word in told.items()})
        self.words.update({(TABLE, thread): 5000 + thread for thread in (0, 1)})
        self.words.update({(STRIPS, 2 * strip): 100 + strip for strip in range(strips)})
        monkeypatch.setattr(_handover, "seen", lambda start, at: self.words[start, at])
        monkeypatch.setattr(_handover, "put", lambda start, at, value: self.words.update({(start, at): value}))
        monkeypatch.setattr(_handover, "added", self._added)
        monkeypatch.setattr(_handover, "called", self._called)
        monkeypatch.setattr(_handover, "rest", lambda: self.at_rest())
        monkeypatch.setattr(_handover, "argument", lambda call, at, kind: call[at])

    def _added(self, start: int, at: int, value: int) -> int:
        self.before.pop(at, lambda: None)()
        self.words[start, at] += value
        return self.words[start, at] - value

    def _called(self, code: int, call: int) -> None:
        assert code == CODE
        self.made.append((call - 5000, self.words[call, 6] - 100))


def test_a_caller_makes_every_strip_and_closes_the_board(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the words of each strip in its own block; nobody is inside afterwards."""
    memory = Memory(monkeypatch, 3)
    _handover.share([BOARD, 5])
    assert memory.made == [(0, 0), (0, 1), (0, 2)]
    assert memory.words[BOARD, _board.OPEN] == memory.words[BOARD, _board.LEFT_INSIDE] == 0


def test_a_caller_that_wakes_helpers_only_opens_the_board(monkeypatch: pytest.MonkeyPatch) -> None:
    """It has made nothing yet."""
    memory = Memory(monkeypatch, 3)
    memory.words[BOARD, _board.IS_WAKING] = 1
    _handover.share([BOARD, 5])
    assert memory.words[BOARD, _board.OPEN] == 1
    assert memory.made == []


@pytest.mark.parametrize(("patience", "left"), [(3, 0), (2, 1)])
def test_a_caller_waits_for_helpers_for_a_while(patience: int, left: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """And tells how many were left inside."""
    memory = Memory(monkeypatch, 1)
    memory.words[BOARD, _board.INSIDE] = 3
    memory.at_rest = lambda: memory.words.update({(BOARD, _board.INSIDE): memory.words[BOARD, _board.INSIDE] - 1})
    _handover.share([BOARD, patience])
    assert memory.words[BOARD, _board.LEFT_INSIDE] == left


def test_a_helper_makes_strips_of_an_open_board_and_waits_for_more(monkeypatch: pytest.MonkeyPatch) -> None:
    """As long as its patience lasts, from its last strip on."""
    memory = Memory(monkeypatch, 2)
    rests = 0

    def rest() -> None:
        nonlocal rests
        rests += 1
        if rests == 4:
            memory.words[BOARD, _board.OPEN] = 1

    memory.at_rest = rest
    _handover.serve([BOARD, 1, 5])
    assert memory.made == [(1, 0), (1, 1)]
    assert rests == 4 + 5
    assert memory.words[BOARD, _board.INSIDE] == 0


def test_a_helper_that_is_not_let_in_makes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """The board is open to one, and this is the second."""
    memory = Memory(monkeypatch, 2)
    memory.words[BOARD, _board.OPEN] = 1
    _handover.serve([BOARD, 2, 5])
    assert memory.made == []


def test_a_helper_that_finds_the_board_closed_behind_it_makes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """The caller may have seen nobody inside, and be gone."""
    memory = Memory(monkeypatch, 2)
    memory.words[BOARD, _board.OPEN] = 1
    memory.before[_board.INSIDE] = lambda: memory.words.update({(BOARD, _board.OPEN): 0})
    _handover.serve([BOARD, 1, 5])
    assert memory.made == []
    assert memory.words[BOARD, _board.INSIDE] == 0
