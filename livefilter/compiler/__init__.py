"""The compiler: how pixels are computed. The only room that knows Numba."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from livefilter.compiler._assembly import AssemblySummary
    from livefilter.compiler._cache import cache_folder, cached_files, clear_cache
    from livefilter.compiler._chain import Chain
    from livefilter.compiler._correlate import convolve, correlate, edge_score
    from livefilter.compiler._describe import SumReport, SweepReport, describe
    from livefilter.compiler._filter import Filter, Filtered, compile_shared
    from livefilter.compiler._luma import to_gray
    from livefilter.compiler._plan import Plan, plan_chain

_HOMES = {
    "AssemblySummary": "_assembly",
    "Chain": "_chain",
    "Filter": "_filter",
    "Filtered": "_filter",
    "Plan": "_plan",
    "SumReport": "_describe",
    "SweepReport": "_describe",
    "cache_folder": "_cache",
    "cached_files": "_cache",
    "clear_cache": "_cache",
    "compile_shared": "_filter",
    "convolve": "_correlate",
    "correlate": "_correlate",
    "describe": "_describe",
    "edge_score": "_correlate",
    "plan_chain": "_plan",
    "to_gray": "_luma",
}

__all__ = [
    "AssemblySummary",
    "Chain",
    "Filter",
    "Filtered",
    "Plan",
    "SumReport",
    "SweepReport",
    "cache_folder",
    "cached_files",
    "clear_cache",
    "compile_shared",
    "convolve",
    "correlate",
    "describe",
    "edge_score",
    "plan_chain",
    "to_gray",
]


def __getattr__(name: str) -> object:
    # Loaded when first asked for: a process that only compiles needs none of them, and starts in half the time.
    if name not in _HOMES:
        raise AttributeError(f"module 'livefilter.compiler' has no attribute {name!r}")
    from importlib import import_module

    value = getattr(import_module(f"livefilter.compiler.{_HOMES[name]}"), name)
    globals()[name] = value
    return value
