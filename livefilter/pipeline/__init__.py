"""Pipelines: a source, a filter, an overlay and sinks, connected and run."""

from __future__ import annotations

from livefilter.pipeline._batch import Outcome, Wanted, Watcher, run_batch
from livefilter.pipeline._frames import filter_frames, score
from livefilter.pipeline._inputs import expand, name_of
from livefilter.pipeline._live import Live
from livefilter.pipeline._metrics import Metrics
from livefilter.pipeline._outlet import Unseen
from livefilter.pipeline._pace import Pace
from livefilter.pipeline._preview import Preview
from livefilter.pipeline._process import Target, process
from livefilter.pipeline._recipe import Recipe
from livefilter.pipeline._stats import LiveStats, Spread
from livefilter.pipeline._stats_log import StatsLog
from livefilter.pipeline._summary import Progress, Summary

__all__ = [
    "Live",
    "LiveStats",
    "Metrics",
    "Outcome",
    "Pace",
    "Preview",
    "Progress",
    "Recipe",
    "Spread",
    "StatsLog",
    "Summary",
    "Target",
    "Unseen",
    "Wanted",
    "Watcher",
    "expand",
    "filter_frames",
    "name_of",
    "process",
    "run_batch",
    "score",
]
