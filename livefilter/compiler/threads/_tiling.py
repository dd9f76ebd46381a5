"""Number of threads for a frame, and its split into tiles of rows."""

from __future__ import annotations

import os
from itertools import accumulate, pairwise

from livefilter.cpus import usable_cpus
from livefilter.errors import OptionError

MAX_THREADS = 8
"""Default maximum of threads on one frame: the memory of common machines feeds no more."""
MIN_SHARE_US = 60.0
"""Default minimum of work for a thread, in microseconds: waking a thread takes as long."""
_TAIL_SHARE = 0.2
"""Share of a frame's rows that is kept for short tiles, which go to the threads that finish their long tile first."""


def thread_count(threads: int | None) -> int:
    """Return how many threads may work on a frame: ``threads``, or LIVEFILTER_THREADS, or one per processor up to 8.

    Raises:
        OptionError: Not a positive whole number.
    """
    requested = threads if threads is not None else os.environ.get("LIVEFILTER_THREADS", "")
    if requested == "":
        return min(usable_cpus(), MAX_THREADS)
    try:
        count = int(requested)
    except ValueError:
        count = 0
    if count < 1:
        name = "threads" if threads is not None else "LIVEFILTER_THREADS"
        raise OptionError(f"{name}: must be at least 1, found {requested}")
    return count


def useful_threads(threads: int, work_us: float, rows: int, *, min_share_us: float = MIN_SHARE_US) -> int:
    """Return how many threads are worth using for a frame.

    Args:
        threads: Maximum number.
        work_us: Estimated time of one thread for the whole frame, in microseconds.
        rows: Rows of the frame; no thread gets less than one.
        min_share_us: Minimum time for each thread, in microseconds.
    """
    return max(1, min(threads, int(work_us / min_share_us), rows))


def split_rows(rows: int, threads: int, overlap: int) -> list[tuple[int, int]]:
    """Split a frame into tiles of whole rows.

    Threads take tiles one after the other, so a thread that starts late, or loses its processor for a while, computes
    fewer of the short tiles at the end.

    Args:
        rows: Rows of the frame.
        threads: Number of threads that work on it.
        overlap: Rows of intermediate results that two neighbouring tiles both compute.

    Returns:
        First and last row (exclusive) of each tile: a long tile for each thread, then a short one for each. There are
        no short tiles where they would consist mostly of overlap.
    """
    tail = _TAIL_SHARE if 2 * overlap <= _TAIL_SHARE * rows / threads else 0.0
    ends = accumulate([(1 - tail) / threads] * threads + [tail / threads] * threads)
    return [(first, last) for first, last in pairwise([0, *(round(rows * end) for end in ends)]) if first < last]
