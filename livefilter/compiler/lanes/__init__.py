"""The instruction set of generated source, twice: as LLVM intrinsics for machine code, and in NumPy for plain Python.

Begin with ``_numpy``, which says in a line of NumPy what each operation computes. The modules that ``_llvm`` collects
implement the same operations for LLVM: ``_arithmetic``, ``_conversions``, ``_memory``, ``_reductions`` and ``_loops``.
``_term_list`` is the notation for weighted sums.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from livefilter.compiler.lanes import _numpy
from livefilter.compiler.lanes._term_list import Term, TermSum, encode_terms

__all__ = ["Term", "TermSum", "encode_terms", "llvm_operations", "llvm_sources", "numpy_operations"]


def numpy_operations() -> dict[str, Callable[..., Any]]:
    """Return all lane operations by name, as functions on NumPy arrays."""
    operations = {name: value for name, value in vars(_numpy).items() if not name.startswith("_")}
    return {name: value for name, value in operations.items() if getattr(value, "__module__", "") == _numpy.__name__}


def llvm_operations() -> dict[str, Any]:
    """Return all lane operations by name, as Numba intrinsics. Imports Numba."""
    from livefilter.compiler.lanes import _llvm

    return {name: getattr(_llvm, name) for name in _llvm.__all__}


def llvm_sources() -> list[Path]:
    """Return the source files that decide what machine code an operation becomes, without importing Numba."""
    return [path for path in sorted(Path(__file__).parent.glob("_*.py")) if path.stem not in ("__init__", "_numpy")]
