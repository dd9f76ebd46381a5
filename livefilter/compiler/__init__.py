"""The compiler: from operations to machine code that gives the reference's bytes. The only room that knows Numba.

A preset's operations become a plan (``plan``: pure Python). The plan becomes source text (``emit``) in a small
instruction set (``lanes``). The text becomes machine code in a cache on disk (``native``), which several threads can
run on one frame (``threads``). ``report`` describes a plan for people.

Begin reading with ``_filter`` (a preset as a callable) and ``_executable`` (compiled passes and their memory).
``_buffers`` computes where each row is stored, and ``plan/_halo`` says how borders are handled.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from livefilter._lazy import lazy_exports

if TYPE_CHECKING:
    from livefilter.compiler._convolution import convolve, correlate, edge_score, release_compiled
    from livefilter.compiler._executable import Chain
    from livefilter.compiler._filter import Filter, Filtered, compile_shared
    from livefilter.compiler._grayscale import to_gray
    from livefilter.compiler._zone_scores import ZoneScorer
    from livefilter.compiler.native import cache_folder, cached_files, clear_cache
    from livefilter.compiler.plan import Plan, plan_chain
    from livefilter.compiler.report import AssemblySummary, PassReport, SumReport, assembly_summary, describe
else:
    # Loaded on first use: a process that only compiles needs none of them, and starts in half the time.
    __getattr__, __dir__ = lazy_exports(
        __name__,
        {
            "_convolution": ["convolve", "correlate", "edge_score", "release_compiled"],
            "_executable": ["Chain"],
            "_filter": ["Filter", "Filtered", "compile_shared"],
            "_grayscale": ["to_gray"],
            "_zone_scores": ["ZoneScorer"],
            "native": ["cache_folder", "cached_files", "clear_cache"],
            "plan": ["Plan", "plan_chain"],
            "report": ["AssemblySummary", "PassReport", "SumReport", "assembly_summary", "describe"],
        },
    )

__all__ = [
    "AssemblySummary",
    "Chain",
    "Filter",
    "Filtered",
    "PassReport",
    "Plan",
    "SumReport",
    "ZoneScorer",
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
    "release_compiled",
    "to_gray",
]
