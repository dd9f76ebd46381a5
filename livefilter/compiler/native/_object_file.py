"""Machine code in object files, loaded without Numba, and on Linux on x86-64 without LLVM.

Numba takes 75 MB and 0.4 seconds of every process that imports it; only the one that compiles needs it.
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
from livefilter.compiler.native._elf_loader import UnsupportedObjectError, load_elf

PROTOTYPE = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p)
"""C signature of every function without a result that Numba compiles; ctypes releases the GIL while it runs."""
_CPUINFO = Path("/proc/cpuinfo")
_CPUINFO_KEYS = ("vendor_id", "cpu family", "model", "stepping", "flags", "CPU ", "Features")
"""Beginnings of the lines that decide which machine code a processor runs, on x86-64 and on ARM."""


@dataclass(frozen=True, slots=True)
class ObjectFile:
    """One compiled function.

    Attributes:
        symbol: Name of the function in the file.
        content: Bytes of the file, in the system's format.
    """

    symbol: str
    content: bytes


@cache
def cpu_fingerprint() -> tuple[str, ...]:
    """Return what machine code depends on besides its source: the system, the processor, its features, the settings."""
    return sys.platform, platform.machine(), *_features(), *_settings()


def _features() -> tuple[str, ...]:
    try:
        with _CPUINFO.open(encoding="utf-8", errors="replace") as file:
            lines = takewhile(str.strip, file)  # The first processor's; a hundred take a while.
            return tuple(line for line in lines if line.startswith(_CPUINFO_KEYS))
    except OSError:  # Another system.
        import llvmlite.binding as llvm

        return llvm.get_host_cpu_name(), llvm.get_host_cpu_features().flatten()


def _settings() -> list[str]:
    """Return the environment variables that change what Numba compiles."""
    return sorted(
        f"{name}={value}" for name, value in os.environ.items() if name.startswith("NUMBA_") and "CACHE" not in name
    )


def load_object(code: ObjectFile) -> Function:
    """Load machine code; it stays loaded until the process ends.

    Raises:
        RuntimeError: The file is not an object file of this system.
        OSError: There is no memory for it, or the system forbids new machine code.
    """
    try:
        address = load_elf(code.content, code.symbol)
    except UnsupportedObjectError:
        address = _load_with_llvm(code)
    return partial(NativeCall, PROTOTYPE(address))


def _load_with_llvm(code: ObjectFile) -> int:
    import llvmlite.binding as llvm

    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    machine = llvm.Target.from_triple(llvm.get_process_triple()).create_target_machine(jit=True)
    engine = llvm.create_mcjit_compiler(llvm.parse_assembly(""), machine)  # It owns the machine from now on.
    engine.add_object_file(llvm.ObjectFileRef.from_data(code.content))
    engine.finalize_object()
    address: int = engine.get_function_address(code.symbol)
    if not address:
        raise RuntimeError(f"the object file does not contain {code.symbol}")
    keep_forever(engine)  # The code lives as long as the engine.
    return address


def keep_forever(value: object) -> None:
    """Keep an object alive for ever, also while Python exits: threads may still run in its memory, or read it."""
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(value))
