"""Pipelines: a source, a filter, an overlay and sinks, connected and run.

A frame passes analysers (``_analysis``) and the ``_renderer``, the only code here that filters, scores and draws, on
its way into sinks. Begin with ``_run``: it opens the outputs of a run over a file, and ends them. Its ``_file_loop``
has a reading, a filtering and a writing thread, connected by the bounded queues of ``_prefetch``; ``_targets`` checks
paths. `process` (``_process``) is what users call. ``_options`` keeps the options of a run together for the command
line and for ``batch``, which runs many inputs. ``live`` is the pipeline of the preview: it keeps only the newest frame
of a live source.
"""

from __future__ import annotations

from livefilter.pipeline._eta import RateEstimate
from livefilter.pipeline._frames import filter_frames, score
from livefilter.pipeline._options import ProcessOptions
from livefilter.pipeline._prefetch import BackgroundWriter, Prefetcher
from livefilter.pipeline._process import process
from livefilter.pipeline._run import Target, run
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
    low_latency,
)

__all__ = [
    "BackgroundWriter",
    "BatchObserver",
    "InputResult",
    "LivePipeline",
    "LiveStats",
    "NullOutput",
    "OutputSpec",
    "Percentiles",
    "Prefetcher",
    "Preview",
    "ProcessOptions",
    "Progress",
    "PrometheusExporter",
    "RateEstimate",
    "StatsLog",
    "Summary",
    "Target",
    "expand",
    "filter_frames",
    "low_latency",
    "name_of",
    "process",
    "run",
    "run_batch",
    "score",
]
