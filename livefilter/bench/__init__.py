"""The benchmark: livefilter next to OpenCV and other packages, in one process, with all outputs compared.

Begin reading in `_measure`: it runs a job of `_jobs` in rounds with each competitor (`_opencv`, `_competitors`,
`_halide`) after `_verify` has compared their outputs. `_files` measures whole video files (made by `_clips`) against
FFmpeg, `_long_file` memory and ETA on a long one. `_report`, `_files_report` and `_plot` present the results.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from livefilter._lazy import lazy_exports

if TYPE_CHECKING:
    from livefilter.bench._cache_flush import cache_bytes, flushing_caches
    from livefilter.bench._clips import Clip, ffmpeg, ffmpeg_version, inspect_clip, make_clip
    from livefilter.bench._files import (
        SOBEL,
        FileMeasurement,
        Method,
        check_method,
        ffv1_methods,
        measure_files,
        peak_mb,
        process_methods,
    )
    from livefilter.bench._files_report import files_json, files_table, long_lines
    from livefilter.bench._jobs import SIZES, Counts, Job, Run, all_jobs, jobs_named
    from livefilter.bench._long_file import LongMeasurement, measure_long
    from livefilter.bench._measure import Measurement, Pair, measure, sample_image
    from livefilter.bench._plot import draw_ratios, plot_to_file
    from livefilter.bench._report import as_json, as_markdown, as_table, machine_name
    from livefilter.bench._verify import MismatchError, verify
else:
    __getattr__, __dir__ = lazy_exports(
        __name__,
        {
            "_cache_flush": ["cache_bytes", "flushing_caches"],
            "_clips": ["Clip", "ffmpeg", "ffmpeg_version", "inspect_clip", "make_clip"],
            "_files": [
                "SOBEL",
                "FileMeasurement",
                "Method",
                "check_method",
                "ffv1_methods",
                "measure_files",
                "peak_mb",
                "process_methods",
            ],
            "_files_report": ["files_json", "files_table", "long_lines"],
            "_jobs": ["SIZES", "Counts", "Job", "Run", "all_jobs", "jobs_named"],
            "_long_file": ["LongMeasurement", "measure_long"],
            "_measure": ["Measurement", "Pair", "measure", "sample_image"],
            "_plot": ["draw_ratios", "plot_to_file"],
            "_report": ["as_json", "as_markdown", "as_table", "machine_name"],
            "_verify": ["MismatchError", "verify"],
        },
    )

__all__ = [
    "SIZES",
    "SOBEL",
    "Clip",
    "Counts",
    "FileMeasurement",
    "Job",
    "LongMeasurement",
    "Measurement",
    "Method",
    "MismatchError",
    "Pair",
    "Run",
    "all_jobs",
    "as_json",
    "as_markdown",
    "as_table",
    "cache_bytes",
    "check_method",
    "draw_ratios",
    "ffmpeg",
    "ffmpeg_version",
    "ffv1_methods",
    "files_json",
    "files_table",
    "flushing_caches",
    "inspect_clip",
    "jobs_named",
    "long_lines",
    "machine_name",
    "make_clip",
    "measure",
    "measure_files",
    "measure_long",
    "peak_mb",
    "plot_to_file",
    "process_methods",
    "sample_image",
    "verify",
]
