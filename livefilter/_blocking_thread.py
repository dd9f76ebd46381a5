"""Threads that may outlive their owner because a driver, a decoder or a server blocks them."""

from __future__ import annotations

import threading
from collections.abc import Callable


class BlockingThread(threading.Thread):
    """A daemon thread around calls that can block for ever.

    Its owner waits for it with a time limit and then leaves it behind. A process that ends while such a thread is
    alive ends by `os._exit`: shutting the interpreter down around a blocked call can abort the process.
    """

    def __init__(self, target: Callable[[], object], name: str) -> None:
        super().__init__(target=target, name=name, daemon=True)


def is_blocked_thread_left() -> bool:
    """Return whether a `BlockingThread` is still alive."""
    return any(isinstance(thread, BlockingThread) for thread in threading.enumerate())
