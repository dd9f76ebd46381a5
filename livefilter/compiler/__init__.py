"""The compiler: how pixels are computed. The only room that knows Numba."""

from __future__ import annotations

from livefilter.compiler._apply import convolve, correlate, edge_score, to_gray
from livefilter.compiler._filter import Filter, Filtered

__all__ = ["Filter", "Filtered", "convolve", "correlate", "edge_score", "to_gray"]
