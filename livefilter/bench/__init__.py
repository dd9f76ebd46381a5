"""The benchmark: livefilter and its rivals side by side in one process, their pictures compared in the same run."""

from __future__ import annotations

from livefilter.bench._jobs import JOBS, SIZES, Counted, Job, Run, jobs_named
from livefilter.bench._measure import Measurement, Pair, measure
from livefilter.bench._report import as_json, as_markdown, as_table, machine_name
from livefilter.bench._verify import MismatchError

__all__ = [
    "JOBS",
    "SIZES",
    "Counted",
    "Job",
    "Measurement",
    "MismatchError",
    "Pair",
    "Run",
    "as_json",
    "as_markdown",
    "as_table",
    "jobs_named",
    "machine_name",
    "measure",
]
