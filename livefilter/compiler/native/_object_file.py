"""Machine code in object files, which are loaded without Numba, and on Linux on x86-64 without LLVM.

Numba takes 75 MB and 0.4 seconds of every process that imports it; only who compiles has to.
"""

from __future__ import annotations

import ctypes
import os
import platform
import sys
from dataclasses import dataclass
from functools import cache, partial
from itertools import takewhile
from pathlib import Path

from livefilter.compiler._abi import Function, NativeCall
from livefilter.compiler.native import _elf_loader as _elf

_PROTOTYPE = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p)
"""Of every function without a result that Numba compiles; ctypes lets go of the GIL while it runs."""
_CPU = Path("/proc/cpuinfo")
_TELLS = ("vendor_id", "cpu family", "model", "stepping", "flags", "CPU ", "Features")
"""How the lines begin that tell what machine code a processor runs, on x86-64 and on ARM."""


@dataclass(frozen=True, slots=True)
class ObjectFile:
    """One compiled function.

    Attributes:
        symbol: Its name in the file.
        content: An object file in the system's format.
    """

    symbol: str
    content: bytes


@cache
def cpu_fingerprint() -> tuple[str, ...]:
    """Return what machine code depends on beside its source: the system, the processor, and what it has."""
    return sys.platform, platform.machine(), *_features(), *_settings()


def _features() -> tuple[str, ...]:
    try:
        with _CPU.open(encoding="utf-8", errors="replace") as file:
            lines = takewhile(str.strip, file)  # Of the first one; a hundred take a while.
            return tuple(line for line in lines if line.startswith(_TELLS))
    except OSError:  # Another system.
        import llvmlite.binding as llvm

        return llvm.get_host_cpu_name(), llvm.get_host_cpu_features().flatten()


def _settings() -> list[str]:
    """Return how the environment changes what Numba compiles."""
    return sorted(
        f"{name}={value}" for name, value in os.environ.items() if name.startswith("NUMBA_") and "CACHE" not in name
    )


def load_object(code: ObjectFile) -> Function:
    """Load machine code for good.

    Raises:
        RuntimeError: It is no object file of this system.
        OSError: There is no memory for it, or the system forbids new machine code.
    """
    try:
        address = _elf.load_elf(code.content, code.symbol)
    except _elf.UnsupportedObjectError:
        address = _loaded_by_llvm(code)
    return partial(NativeCall, _PROTOTYPE(address))


def _loaded_by_llvm(code: ObjectFile) -> int:
    import llvmlite.binding as llvm

    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    machine = llvm.Target.from_triple(llvm.get_process_triple()).create_target_machine(jit=True)
    engine = llvm.create_mcjit_compiler(llvm.parse_assembly(""), machine)  # It owns the machine from here on.
    engine.add_object_file(llvm.ObjectFileRef.from_data(code.content))
    engine.finalize_object()
    address: int = engine.get_function_address(code.symbol)
    if not address:
        raise RuntimeError(f"there is no {code.symbol} in it")
    keep_forever(engine)  # Code lives as long as the engine that loaded it.
    return address


def keep_forever(value: object) -> None:
    """Let go of something never, not even while Python ends: threads may still run in it, or read it."""
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(value))
