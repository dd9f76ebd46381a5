"""Pipelines: a source, a filter, an overlay and sinks, connected and run.

Begin with ``_process``: `process` reads every frame of a source, filters and scores it, and writes it to sinks, by way
of the ``_file_loop`` (a reading, a filtering and a writing thread, connected by the bounded queues of ``_prefetch``).
``_targets`` checks the paths of its outputs; ``_render`` turns a frame into a picture and a score. ``_job`` keeps the
options of such a run together for the command line and for ``batch``, which runs many inputs. ``live`` is the pipeline
of the preview: it keeps only the newest frame of a live source.
"""

from __future__ import annotations

from livefilter.pipeline._eta import RateEstimate
from livefilter.pipeline._frames import filter_frames, score
from livefilter.pipeline._job import JobSpec
from livefilter.pipeline._prefetch import BackgroundWriter, Prefetcher
from livefilter.pipeline._process import Target, process
from livefilter.pipeline._summary import Progress, Summary
from livefilter.pipeline.batch import BatchObserver, InputResult, OutputSpec, expand, name_of, run_batch
from livefilter.pipeline.live import (
    LivePipeline,
    LiveStats,
    NullOutput,
    Percentiles,
    Preview,
    PrometheusExporter,
    StatsLog,
)

__all__ = [
    "BackgroundWriter",
    "BatchObserver",
    "InputResult",
    "JobSpec",
    "LivePipeline",
    "LiveStats",
    "NullOutput",
    "OutputSpec",
    "Percentiles",
    "Prefetcher",
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
