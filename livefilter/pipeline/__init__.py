"""Pipelines: a source, a filter, an overlay and sinks, connected and run."""

from __future__ import annotations

from livefilter.pipeline._eta import Pace
from livefilter.pipeline._frames import filter_frames, score
from livefilter.pipeline._job import Recipe
from livefilter.pipeline._process import Target, process
from livefilter.pipeline._summary import Progress, Summary
from livefilter.pipeline.batch._batch import Outcome, Wanted, Watcher, run_batch
from livefilter.pipeline.batch._inputs import expand, name_of
from livefilter.pipeline.live._outputs import Unseen
from livefilter.pipeline.live._pipeline import Live
from livefilter.pipeline.live._preview import Preview
from livefilter.pipeline.live._prometheus import Metrics
from livefilter.pipeline.live._stats import LiveStats, Spread
from livefilter.pipeline.live._stats_log import StatsLog

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
