"""Machine code in object files, which LLVM loads without Numba.

Numba takes 75 MB and 0.4 seconds of every process that imports it; only who compiles has to.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import llvmlite.binding as llvm

from livefilter.compiler._call import Call, Function, MachineCall

_PROTOTYPE = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p)
"""Of every function without a result that Numba compiles; ctypes lets go of the GIL while it runs."""


@dataclass(frozen=True, slots=True)
class ObjectCode:
    """One compiled function.

    Attributes:
        symbol: Its name in the file.
        content: An object file in the system's format.
    """

    symbol: str
    content: bytes


def processor() -> tuple[str, ...]:
    """Return what machine code depends on beside its source: the system, the processor, and what it has."""
    name, features = llvm.get_host_cpu_name(), llvm.get_host_cpu_features().flatten()
    return llvm.get_process_triple(), name, features, *_settings()


def _settings() -> list[str]:
    """Return how the environment changes what Numba compiles."""
    return sorted(
        f"{name}={value}" for name, value in os.environ.items() if name.startswith("NUMBA_") and "CACHE" not in name
    )


def load(code: ObjectCode) -> Function:
    """Load machine code for good.

    Raises:
        RuntimeError: It is no object file of this system.
    """
    _initialise()
    machine = llvm.Target.from_triple(llvm.get_process_triple()).create_target_machine(jit=True)
    engine = llvm.create_mcjit_compiler(llvm.parse_assembly(""), machine)  # It owns the machine from here on.
    engine.add_object_file(llvm.ObjectFileRef.from_data(code.content))
    engine.finalize_object()
    address = engine.get_function_address(code.symbol)
    if not address:
        raise RuntimeError(f"there is no {code.symbol} in it")
    return _Loaded(_PROTOTYPE(address), engine)


class _Loaded:
    """A function that was loaded; the code lives as long as its engine."""

    def __init__(self, run: Callable[[int, int, int], int], engine: Any) -> None:
        self._run = run
        self._engine = engine

    def __call__(self, arguments: Any) -> Call:
        return MachineCall(self._run, arguments)


@cache
def _initialise() -> None:
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
