"""Flushing of the CPU caches between two calls, so that neither frame nor scratch memory is cached."""

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
"""Bytes assumed on systems that do not report the size: more than most CPUs have for one core."""


class CacheFlush(Protocol):
    """Empties the caches of all cores that work on a frame."""

    def __call__(self) -> None: ...


def cache_bytes(folder: Path = _CACHES) -> int:
    """Return the total size of the caches of one core, as Linux reports it; a guess on other systems."""
    sizes = [path.read_text().strip() for path in folder.glob("index*/size")]
    return sum(int(size[:-1]) * _UNITS[size[-1]] for size in sizes) or _UNKNOWN


@contextmanager
def flushing_caches(threads: int) -> Iterator[CacheFlush]:
    """Yield a function that reads twice the size of the caches, in the caller's thread and in others.

    Args:
        threads: Number of cores that work on a frame; each has its own caches.
    """
    memory = np.ones(2 * cache_bytes(), dtype=np.uint8)  # Ones, since pages of zeros could share one physical page.
    with ThreadPoolExecutor(max(1, threads - 1), "livefilter.bench.flush") as others:

        def flush() -> None:
            reads = [others.submit(memory.max) for _ in range(threads - 1)]
            memory.max()
            wait(reads)

        yield flush
