"""Many inputs with the same options, one after the other or in parallel processes.

Begin with ``_batch``: `run_batch` expands the inputs (``_inputs``), skips what the output folder's manifest lists as
finished (``_manifest``), and hands the rest to worker processes (``_workers``), so that one bad file does not end the
others.
"""

from __future__ import annotations

from livefilter.pipeline.batch._batch import BatchObserver, InputResult, OutputSpec, run_batch
from livefilter.pipeline.batch._inputs import content_hash, expand, name_of, size_of
from livefilter.pipeline.batch._manifest import FILE_NAME, Manifest
from livefilter.pipeline.batch._workers import Task, WorkerDiedError, WorkerMessage, run_tasks

__all__ = [
    "FILE_NAME",
    "BatchObserver",
    "InputResult",
    "Manifest",
    "OutputSpec",
    "Task",
    "WorkerDiedError",
    "WorkerMessage",
    "content_hash",
    "expand",
    "name_of",
    "run_batch",
    "run_tasks",
    "size_of",
]
