"""The benchmark: livefilter next to OpenCV and other packages, in one process, with all outputs compared.

Begin reading in `_measure`: it runs a job of `_jobs` in rounds with each competitor (`_opencv`, `_competitors`) after
`_verify` has compared their outputs. `_report` and `_plot` present the results. What only developers measure (Halide,
whole files, hours of video) is in ``tests/bench`` of the repository.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from livefilter._lazy import lazy_exports

if TYPE_CHECKING:
    from livefilter.bench._cache_flush import cache_bytes, flushing_caches
    from livefilter.bench._competitors import Competitors, installed_competitors
    from livefilter.bench._jobs import SIZES, Counts, Job, Run, all_jobs, jobs_named
    from livefilter.bench._measure import Measurement, Pair, measure, sample_image
    from livefilter.bench._plot import draw_ratios, plot_to_file
    from livefilter.bench._report import as_json, as_markdown, as_table, machine_name
    from livefilter.bench._verify import MismatchError, verify
else:
    __getattr__, __dir__ = lazy_exports(
        __name__,
        {
            "_cache_flush": ["cache_bytes", "flushing_caches"],
            "_competitors": ["Competitors", "installed_competitors"],
            "_jobs": ["SIZES", "Counts", "Job", "Run", "all_jobs", "jobs_named"],
            "_measure": ["Measurement", "Pair", "measure", "sample_image"],
            "_plot": ["draw_ratios", "plot_to_file"],
            "_report": ["as_json", "as_markdown", "as_table", "machine_name"],
            "_verify": ["MismatchError", "verify"],
        },
    )

__all__ = [
    "SIZES",
    "Competitors",
    "Counts",
    "Job",
    "Measurement",
    "MismatchError",
    "Pair",
    "Run",
    "all_jobs",
    "as_json",
    "as_markdown",
    "as_table",
    "cache_bytes",
    "draw_ratios",
    "flushing_caches",
    "installed_competitors",
    "jobs_named",
    "machine_name",
    "measure",
    "plot_to_file",
    "sample_image",
    "verify",
]
