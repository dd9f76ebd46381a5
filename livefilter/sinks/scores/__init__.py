"""Scores as tables (CSV, JSON Lines, Parquet) and as plots.

Begin with ``_table``; ``_parquet`` writes its Parquet files, ``_plot`` draws scores over time. pyarrow and matplotlib
are loaded when a sink needs them.
"""

from __future__ import annotations

from livefilter.sinks.scores._plot import PLOT_SUFFIXES, PlotSink
from livefilter.sinks.scores._table import SCORE_SUFFIXES, ScoreSink

__all__ = ["PLOT_SUFFIXES", "SCORE_SUFFIXES", "PlotSink", "ScoreSink"]
