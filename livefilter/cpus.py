"""How many processors there are to work with."""

from __future__ import annotations

import os

_MOST_CODEC_THREADS = 16
"""FFmpeg advises against more."""


def usable_cpus() -> int:
    """Return how many processors this process may use, which can be fewer than the machine has."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def codec_threads() -> int:
    """Return how many threads a decoder or an encoder gets; one more for decoders, as FFmpeg has it, is no faster."""
    return min(usable_cpus(), _MOST_CODEC_THREADS)
