"""How a generated function is called: with the address of a block of 64-bit words, three to each argument.

The words of an array are its address, its rows (or its length) and its columns; those of a number are the number. So a
generated function has one argument whatever it works on, and anything that can call an address can call it. The
blocks are filled once for all frames of a shape; what changes from call to call is where the frames lie.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

WORDS = 3
"""Words to an argument."""
KINDS = {
    "int64": 0,
    "uint8[::1]": 1,
    "uint16[::1]": 1,
    "int16[::1]": 1,
    "int32[::1]": 1,
    "int64[::1]": 1,
    "float32[::1]": 1,
    "int64[:, ::1]": 2,
}
"""What an argument can be, and its dimensions."""
Argument = NDArray[Any] | int
Plain = Callable[[Sequence[Argument]], None]


class MachineCall:
    """A call of machine code.

    Args:
        code: Calls the function with three addresses: of room for what it returns, of room for what it raises (it does
            neither, but Numba's functions have these two), and of its arguments.
        arguments: C-contiguous arrays, which are kept, and numbers.
    """

    __slots__ = ("_arguments", "_run", "_words")

    def __init__(self, code: Callable[[int, int, int], int], arguments: Sequence[Argument]) -> None:
        self._arguments = arguments
        self._words = (ctypes.c_int64 * (WORDS * len(arguments) + 2))()
        for at, argument in enumerate(arguments):
            words = [_address(argument), *argument.shape] if isinstance(argument, np.ndarray) else [argument]
            self._words[WORDS * at : WORDS * at + len(words)] = words
        start = ctypes.addressof(self._words)
        end = start + 8 * WORDS * len(arguments)
        self._run = partial(code, end, end + 8, start)

    def __call__(self, *frames: NDArray[Any]) -> None:
        """Do it, the first arguments being one-dimensional views of these, which are C-contiguous."""
        for at, frame in enumerate(frames):
            self._words[WORDS * at] = _address(frame)
            self._words[WORDS * at + 1] = frame.size
        self._run()


def _address(array: NDArray[Any]) -> int:
    return array.__array_interface__["data"][0]  # type: ignore[no-any-return]


class PlainCall:
    """A call of a generated function that is run as plain Python."""

    __slots__ = ("_arguments", "_code")

    def __init__(self, code: Plain, arguments: Sequence[Argument]) -> None:
        self._code = code
        self._arguments = list(arguments)

    def __call__(self, *frames: NDArray[Any]) -> None:
        """Do it, the first arguments being one-dimensional views of these, which are C-contiguous."""
        self._code([*(frame.reshape(-1) for frame in frames), *self._arguments[len(frames) :]])


Call = MachineCall | PlainCall
Function = Callable[[Sequence[Argument]], Call]
"""What makes calls of a generated function."""
