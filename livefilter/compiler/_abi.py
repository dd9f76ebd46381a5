"""Calling convention of generated functions: the address of a block of 64-bit words, two for each argument.

The words of an array are its address and its length; those of a number are the number and 0. So all generated functions
have one C signature, and anything that can call an address can call them. A block is filled once for all frames of a
shape; from call to call only the frames' addresses and the tile change.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from numpy.typing import NDArray

WORDS_PER_ARG = 2
"""Words of an argument."""
ARG_TYPES = ("int64", "uint8[::1]", "uint16[::1]", "int16[::1]", "int32[::1]", "int64[::1]", "float32[::1]")
"""Types that an argument can have."""
Argument = NDArray[Any] | int
EntryPoint = Callable[[int, int, int], int]
PythonFunction = Callable[[Sequence[Argument]], None]


class NativeCall:
    """A call of machine code with an argument block of its own.

    Args:
        entry: Calls the function with three addresses: of memory for its result, of memory for its exception (it has
            neither, but Numba's functions have these two parameters), and of its argument block.
        args: C-contiguous arrays, which the call keeps alive, and numbers.

    Attributes:
        args_address: Address of the argument block.
        entry_address: Address of the function.
    """

    __slots__ = ("_args", "_run", "_words", "args_address", "entry_address")

    def __init__(self, entry: EntryPoint, args: Sequence[Argument]) -> None:
        self._args = args
        self._words = (ctypes.c_int64 * (WORDS_PER_ARG * len(args) + 2))(*pack_args(args))
        self.args_address = ctypes.addressof(self._words)
        self.entry_address = ctypes.cast(entry, ctypes.c_void_p).value or 0  # type: ignore[arg-type]
        end = self.args_address + 8 * WORDS_PER_ARG * len(args)
        self._run = partial(entry, end, end + 8, self.args_address)

    def set_args(self, words: list[ctypes.c_int64 | int]) -> None:
        """Replace the first arguments by those with these words. Their arrays must live until the next replacement."""
        self._words[: len(words)] = words

    def run(self) -> None:
        """Call the function."""
        self._run()


def pack_args(args: Sequence[Argument]) -> list[ctypes.c_int64 | int]:
    """Return the words of arguments."""
    words: list[ctypes.c_int64 | int] = []
    for arg in args:
        if isinstance(arg, int):
            words += (arg, 0)
        else:
            words += (arg.__array_interface__["data"][0], arg.size)
    return words


class InterpretedCall:
    """A call of a generated function that runs as plain Python."""

    __slots__ = ("_args", "_function")

    def __init__(self, function: PythonFunction, args: Sequence[Argument]) -> None:
        self._function = function
        self._args: list[Argument] = []
        self.set_args(args)

    def set_args(self, args: Sequence[Argument]) -> None:
        """Replace the first arguments."""
        flat = [arg if isinstance(arg, int) else arg.reshape(-1) for arg in args]
        self._args[: len(flat)] = flat

    def run(self) -> None:
        """Call the function."""
        self._function(self._args)


Call = NativeCall | InterpretedCall
Function = Callable[[Sequence[Argument]], Call]
"""A generated function: given arguments, it returns a call. Arrays are C-contiguous, and seen as one-dimensional."""
