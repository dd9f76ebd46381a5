"""Counts of CPUs and of codec threads."""

from __future__ import annotations

import os

_MAX_CODEC_THREADS = 16
"""FFmpeg's own limit; it advises against more."""


def usable_cpus() -> int:
    """Return the number of CPUs that this process may use, which can be fewer than the machine has."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def codec_threads() -> int:
    """Return the number of threads for one decoder or encoder.

    FFmpeg gives decoders one thread more; measured, that is no faster.
    """
    return min(usable_cpus(), _MAX_CODEC_THREADS)
