"""Settings of the Python process for low latency; programs choose them, no object of livefilter does."""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager

_GIL_SWITCH_INTERVAL_S = 0.0005
"""How soon a thread that computes in Python releases the GIL. With Python's default of 5 ms, which each of a dozen
OpenCV calls may wait while a preset is planned, a frame of 2 ms took 13."""


@contextmanager
def low_latency() -> Iterator[None]:
    """Let the process serve a live pipeline: shorter pauses for garbage collection and between threads.

    Use it around a run, in the main program: it changes the garbage collector and the switch interval of the whole
    process, and restores them at the end.
    """
    # Whatever is loaded now stays; walking through it for garbage takes 40 ms at a time, and a frame has 33.
    gc.collect()
    gc.freeze()
    interval_s = sys.getswitchinterval()
    sys.setswitchinterval(_GIL_SWITCH_INTERVAL_S)
    try:
        yield
    finally:
        gc.unfreeze()
        sys.setswitchinterval(interval_s)
