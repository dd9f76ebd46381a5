"""Protection from SVT-AV1, which makes threads real-time ones."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress


@contextmanager
def keeping_scheduling() -> Iterator[None]:
    """Restore the scheduling of this process's threads after an encoder is opened (Linux).

    SVT-AV1 gives its threads, and the one that opens it, the highest real-time priority if the process runs as root, as
    it does in a container. Threads that the program starts afterwards inherit it, and whatever computes for long then
    keeps every other thread from its processor.
    """
    if not hasattr(os, "sched_getscheduler") or not os.path.isdir("/proc/self/task"):
        yield
        return
    policy, parameters = os.sched_getscheduler(0), os.sched_getparam(0)
    before = _policies()
    try:
        yield
    finally:
        for thread, found in _policies().items():
            if found != before.get(thread, policy):
                with suppress(OSError):  # The thread has ended.
                    os.sched_setscheduler(thread, before.get(thread, policy), parameters)


def _policies() -> dict[int, int]:
    """Return the scheduling policy of each thread."""
    policies = {}
    for name in os.listdir("/proc/self/task"):
        with suppress(OSError):
            policies[int(name)] = os.sched_getscheduler(int(name))
    return policies
