"""Generated code that takes strips of a frame, one after the other, until none is left.

A thread that sleeps takes 0.05 to 0.15 ms to wake up, and in Python it would wait for the interpreter's lock besides.
So a helper looks for the next frame's strips in machine code, for a while, before it goes to sleep.

Only tests import this module: ``_pool`` has the functions in its text compiled. ``call`` is what ``_call`` describes.
"""

# mypy: ignore-errors

from __future__ import annotations

from typing import Any

from numba.extending import register_jitable

from livefilter.compiler.lanes._memory import argument
from livefilter.compiler.threads._atomics import added, called, put, rest, seen
from livefilter.compiler.threads._control_block import (
    CALLS,
    CODE,
    COUNT,
    HELPERS,
    INSIDE,
    IS_WAKING,
    LEFT_INSIDE,
    LENGTH,
    NEXT,
    OPEN,
    PLACE,
    STRIPS,
)


@register_jitable
def take_strips(board: int, thread: int) -> None:
    """Make strips until all are taken."""
    call = seen(seen(board, CALLS), thread)
    at = added(board, NEXT, 1)
    while at < seen(board, COUNT):
        length = seen(board, LENGTH)
        for word in range(length):
            put(call, seen(board, PLACE) + word, seen(seen(board, STRIPS), at * length + word))
        called(seen(board, CODE), call)
        at = added(board, NEXT, 1)


def serve(call: Any) -> None:
    """Help with frame after frame; return when none has come for a while."""
    board = argument(call, 0, "int64")
    thread = argument(call, 1, "int64")
    patience = argument(call, 2, "int64")
    idle = 0
    while idle < patience:
        idle += 1
        rest()
        if thread <= seen(board, OPEN) and seen(board, NEXT) < seen(board, COUNT):
            # Who says that it is inside, and then still finds the board open, is waited for.
            added(board, INSIDE, 1)
            if thread <= seen(board, OPEN):
                take_strips(board, thread)
                idle = 0
            added(board, INSIDE, -1)


def share(call: Any) -> None:
    """Let helpers in, make strips, and wait for a while until the helpers have made theirs."""
    board = argument(call, 0, "int64")
    patience = argument(call, 1, "int64")
    put(board, OPEN, seen(board, HELPERS))
    if seen(board, IS_WAKING):
        return
    take_strips(board, 0)
    put(board, OPEN, 0)
    inside = seen(board, INSIDE)
    while inside > 0 and patience > 0:
        patience -= 1
        rest()
        inside = seen(board, INSIDE)
    put(board, LEFT_INSIDE, inside)
