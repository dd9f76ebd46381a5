"""How a generated function is called: with the address of a block of 64-bit words, two to each argument.

The words of an array are its address and its length; those of a number are the number and a zero. So a generated
function has one argument whatever it works on, and anything that can call an address can call it. Blocks are filled
once for all frames of a shape; what changes from call to call is where frames lie, and which of their rows are made.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from numpy.typing import NDArray

WORDS_PER_ARG = 2
"""Words to an argument."""
ARG_TYPES = ("int64", "uint8[::1]", "uint16[::1]", "int16[::1]", "int32[::1]", "int64[::1]", "float32[::1]")
"""What an argument can be."""
Argument = NDArray[Any] | int
EntryPoint = Callable[[int, int, int], int]
PythonFunction = Callable[[Sequence[Argument]], None]


class NativeCall:
    """A call of machine code.

    Args:
        code: Calls the function with three addresses: of room for what it returns, of room for what it raises (it does
            neither, but Numba's functions have these two), and of its arguments.
        arguments: C-contiguous arrays, which are kept, and numbers.

    Attributes:
        address: Where the block of words begins.
        code_address: Where the function does.
    """

    __slots__ = ("_arguments", "_run", "_words", "args_address", "entry_address")

    def __init__(self, code: EntryPoint, arguments: Sequence[Argument]) -> None:
        self._arguments = arguments
        self._words = (ctypes.c_int64 * (WORDS_PER_ARG * len(arguments) + 2))(*pack_args(arguments))
        self.args_address = ctypes.addressof(self._words)
        self.entry_address = ctypes.cast(code, ctypes.c_void_p).value or 0  # type: ignore[arg-type]
        end = self.args_address + 8 * WORDS_PER_ARG * len(arguments)
        self._run = partial(code, end, end + 8, self.args_address)

    def set_args(self, words: list[ctypes.c_int64 | int]) -> None:
        """Change the first arguments, of which these are the words; arrays must live until they are changed again."""
        self._words[: len(words)] = words

    def run(self) -> None:
        """Call the function."""
        self._run()


def pack_args(arguments: Sequence[Argument]) -> list[ctypes.c_int64 | int]:
    """Return the words for arguments."""
    words: list[ctypes.c_int64 | int] = []
    for argument in arguments:
        if isinstance(argument, int):
            words += (argument, 0)
        else:
            words += (argument.__array_interface__["data"][0], argument.size)
    return words


class InterpretedCall:
    """A call of a generated function that is run as plain Python."""

    __slots__ = ("_arguments", "_code")

    def __init__(self, code: PythonFunction, arguments: Sequence[Argument]) -> None:
        self._code = code
        self._arguments: list[Argument] = []
        self.set_args(arguments)

    def set_args(self, arguments: Sequence[Argument]) -> None:
        """Change the first arguments."""
        flat = [argument if isinstance(argument, int) else argument.reshape(-1) for argument in arguments]
        self._arguments[: len(flat)] = flat

    def run(self) -> None:
        """Call the function."""
        self._code(self._arguments)


Call = NativeCall | InterpretedCall
Function = Callable[[Sequence[Argument]], Call]
"""What makes calls of a generated function. C-contiguous arrays of any shape are taken for one-dimensional ones."""
