"""The compiler: how pixels are computed. The only room that knows Numba."""

from __future__ import annotations

from livefilter.compiler._assembly import AssemblySummary
from livefilter.compiler._cache import cache_folder, cached_files, clear_cache
from livefilter.compiler._chain import Chain
from livefilter.compiler._correlate import convolve, correlate, edge_score
from livefilter.compiler._describe import SumReport, SweepReport, describe
from livefilter.compiler._filter import Filter, Filtered
from livefilter.compiler._luma import to_gray
from livefilter.compiler._plan import Plan, plan_chain

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
    "convolve",
    "correlate",
    "describe",
    "edge_score",
    "plan_chain",
    "to_gray",
]
