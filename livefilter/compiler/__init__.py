"""The compiler: how pixels are computed. The only room that knows Numba."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from livefilter.compiler._convolution import convolve, correlate, edge_score
    from livefilter.compiler._executable import Chain
    from livefilter.compiler._filter import Filter, Filtered, compile_shared
    from livefilter.compiler._grayscale import to_gray
    from livefilter.compiler.native._disk_cache import cache_folder, cached_files, clear_cache
    from livefilter.compiler.plan._plan import Plan, plan_chain
    from livefilter.compiler.report._instruction_counts import AssemblySummary, assembly_summary
    from livefilter.compiler.report._plan_report import PassReport, SumReport, describe

_HOMES = {
    "AssemblySummary": "report._instruction_counts",
    "Chain": "_executable",
    "Filter": "_filter",
    "Filtered": "_filter",
    "Plan": "plan._plan",
    "SumReport": "report._plan_report",
    "PassReport": "report._plan_report",
    "assembly_summary": "report._instruction_counts",
    "cache_folder": "native._disk_cache",
    "cached_files": "native._disk_cache",
    "clear_cache": "native._disk_cache",
    "compile_shared": "_filter",
    "convolve": "_convolution",
    "correlate": "_convolution",
    "describe": "report._plan_report",
    "edge_score": "_convolution",
    "plan_chain": "plan._plan",
    "to_gray": "_grayscale",
}

__all__ = [
    "AssemblySummary",
    "Chain",
    "Filter",
    "Filtered",
    "PassReport",
    "Plan",
    "SumReport",
    "assembly_summary",
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
