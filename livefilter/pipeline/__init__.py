"""Pipelines: a source, a filter, an overlay and sinks, connected and run."""

from __future__ import annotations

from livefilter.pipeline._eta import RateEstimate
from livefilter.pipeline._frames import filter_frames, score
from livefilter.pipeline._job import JobSpec
from livefilter.pipeline._process import Target, process
from livefilter.pipeline._summary import Progress, Summary
from livefilter.pipeline.batch._batch import BatchObserver, InputResult, OutputSpec, run_batch
from livefilter.pipeline.batch._inputs import expand, name_of
from livefilter.pipeline.live._outputs import NullOutput
from livefilter.pipeline.live._pipeline import LivePipeline
from livefilter.pipeline.live._preview import Preview
from livefilter.pipeline.live._prometheus import PrometheusExporter
from livefilter.pipeline.live._stats import LiveStats, Percentiles
from livefilter.pipeline.live._stats_log import StatsLog

__all__ = [
    "BatchObserver",
    "InputResult",
    "JobSpec",
    "LivePipeline",
    "LiveStats",
    "NullOutput",
    "OutputSpec",
    "Percentiles",
    "Preview",
    "Progress",
    "PrometheusExporter",
    "RateEstimate",
    "StatsLog",
    "Summary",
    "Target",
    "expand",
    "filter_frames",
    "name_of",
    "process",
    "run_batch",
    "score",
]
