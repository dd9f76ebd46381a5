"""How many threads work on a frame, and which of its rows are a strip."""

from __future__ import annotations

import os
from itertools import accumulate, pairwise

from livefilter.cpus import usable_cpus
from livefilter.errors import OptionError

MAX_THREADS = 8
"""Used at most unless more are asked for: the memory of common machines feeds no more."""
_PART_US = 60.0
"""A thread's part of a frame is not made shorter than this; waking the thread would take as long."""
_LATE = 0.2
"""Share of a frame that is kept for short strips, which go to whoever is done with a long one first."""


def thread_count(threads: int | None) -> int:
    """Return how many threads may work on a frame: ``threads``, or LIVEFILTER_THREADS, or one per processor.

    Raises:
        OptionError: Not a positive whole number.
    """
    given = threads if threads is not None else os.environ.get("LIVEFILTER_THREADS", "")
    if given == "":
        return min(usable_cpus(), MAX_THREADS)
    try:
        count = int(given)
    except ValueError:
        count = 0
    if count < 1:
        name = "threads" if threads is not None else "LIVEFILTER_THREADS"
        raise OptionError(f"{name}: must be at least 1, found {given}")
    return count


def useful_threads(threads: int, work_us: float, rows: int) -> int:
    """Return how many of the threads that a frame may have are worth it.

    Args:
        threads: How many there may be.
        work_us: How long one of them takes, in microseconds, more or less.
        rows: Of the frame.
    """
    return max(1, min(threads, int(work_us / _PART_US), rows))


def split_rows(rows: int, threads: int, overlap: int) -> list[tuple[int, int]]:
    """Split a frame.

    Args:
        rows: Of the frame.
        threads: How many work on it.
        overlap: Rows on the way to the result that two neighbouring strips both make.

    Returns:
        The first and the last row (exclusive) of each strip: a long one for each thread, and then a short one for each,
        unless these would be made of what overlaps.
    """
    late = _LATE if 2 * overlap <= _LATE * rows / threads else 0.0
    ends = accumulate([(1 - late) / threads] * threads + [late / threads] * threads)
    return [(first, last) for first, last in pairwise([0, *(round(rows * end) for end in ends)]) if first < last]
