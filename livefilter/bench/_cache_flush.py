"""The processor's caches, swept between two calls: the next one finds neither its frame nor its scratch there."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

import numpy as np

_CACHES = Path("/sys/devices/system/cpu/cpu0/cache")
_UNITS = {"K": 1 << 10, "M": 1 << 20, "G": 1 << 30}
_UNKNOWN = 64 << 20
"""Bytes that are assumed where the system does not tell: more than most processors have for one core."""


class Sweep(Protocol):
    """Empties the caches of all cores that work on a frame."""

    def __call__(self) -> None: ...


def cache_bytes(folder: Path = _CACHES) -> int:
    """Return how much all caches that one core sees hold, as Linux tells it; a guess elsewhere."""
    sizes = [path.read_text().strip() for path in folder.glob("index*/size")]
    return sum(int(size[:-1]) * _UNITS[size[-1]] for size in sizes) or _UNKNOWN


@contextmanager
def sweeping(threads: int) -> Iterator[Sweep]:
    """Give a function that reads twice what the caches hold, in the caller's thread and in others beside it.

    Args:
        threads: How many cores work on a frame; each has caches of its own.
    """
    memory = np.ones(2 * cache_bytes(), dtype=np.uint8)  # Pages of zeros could all be one page.
    with ThreadPoolExecutor(max(1, threads - 1), "bench-sweep") as others:

        def sweep() -> None:
            started = [others.submit(memory.max) for _ in range(threads - 1)]
            memory.max()
            wait(started)

        yield sweep
