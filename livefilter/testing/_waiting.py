"""Waits with a deadline: for a condition, and around a process."""

from __future__ import annotations

import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, TypeVar

T = TypeVar("T")
_POLL_S = 0.005
_REAP_S = 20.0
"""How long the system may take to end a process that was killed."""


def wait_until(condition: Callable[[], T], *, timeout_s: float = 60.0) -> T:
    """Call a condition until it holds, and return what it returned.

    Meant for what signals no event: a file, a window or the state of another process. Inside one process, wait for an
    event, a semaphore or a queue instead.

    Args:
        condition: Anything that returns a true value in the end.
        timeout_s: The deadline, in seconds from now.

    Returns:
        The first true value.

    Raises:
        TimeoutError: The condition did not hold in time.

    Example:
        >>> answers = iter([None, "", "here"])
        >>> wait_until(lambda: next(answers))
        'here'
    """
    ends_s = time.monotonic() + timeout_s
    while not (found := condition()):
        if time.monotonic() >= ends_s:
            raise TimeoutError(f"the condition did not hold within {timeout_s:g} s; the last answer was {found!r}")
        time.sleep(_POLL_S)
    return found


@contextmanager
def running(command: Sequence[str], *, deadline_s: float = 100.0, **options: Any) -> Iterator[subprocess.Popen[Any]]:
    """Start a process, and kill it on leaving, or when its deadline passes.

    The deadline bounds reads from its pipes too: they end when the process does.

    Args:
        command: The program and its arguments.
        deadline_s: How long the process may run, in seconds.
        options: Of ``subprocess.Popen``.

    Example:
        >>> import sys
        >>> with running([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        ...     process.poll()
        >>> process.returncode < 0 or sys.platform == "win32"
        True
    """
    process = subprocess.Popen(command, **options)
    timer = threading.Timer(deadline_s, process.kill)
    timer.daemon = True
    timer.start()
    try:
        yield process
    finally:
        timer.cancel()
        process.kill()  # Does nothing to one that has ended and was waited for.
        for pipe in (process.stdin, process.stdout, process.stderr):
            if pipe is not None:
                with suppress(BrokenPipeError):  # What was not written has no reader any more.
                    pipe.close()
        process.wait(timeout=_REAP_S)
