"""Whether this process's window is minimised, which OpenCV does not say."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator

from livefilter.sinks.window._x11 import X11Client

_ICONIC_STATE = 3
"""Value of WM_STATE (Inter-Client Communication Conventions Manual, section 4.1.3.1)."""
_MAX_DEPTH = 3
"""Depth of the search for our window: a window manager reparents it into one or two of its own."""


class IconicWatch:
    """Reports whether a window of this process is minimised; False where that is unknown.

    It asks the X server for the state that the window manager has given to the window.

    Args:
        client: Connection to the X server; None where there is none. The watch does not close it.
        interval_s: How long an answer is reused, in seconds.
    """

    def __init__(self, client: X11Client | None, *, interval_s: float = 0.25) -> None:
        self._client = client
        self._interval_s = interval_s
        self._asked_s = float("-inf")
        self._is_minimised = False
        self._window: int | None = None
        if client is not None:
            self._pid, self._state = client.atom("_NET_WM_PID"), client.atom("WM_STATE")

    def is_minimised(self) -> bool:
        """Return whether the window is minimised."""
        now_s = time.monotonic()
        if self._client is not None and now_s - self._asked_s >= self._interval_s:
            self._asked_s = now_s
            self._is_minimised = self._ask(self._client) == _ICONIC_STATE
        return self._is_minimised

    def _ask(self, client: X11Client) -> int | None:
        if self._window is None or client.property(self._window, self._state) is None:
            self._window = next(self._managed_windows(client, client.root, 0), None)
        return None if self._window is None else client.property(self._window, self._state)

    def _managed_windows(self, client: X11Client, window: int, depth: int) -> Iterator[int]:
        """Yield the windows of this process that have a state from a window manager."""
        if client.property(window, self._pid) == os.getpid() and client.property(window, self._state) is not None:
            yield window
        if depth < _MAX_DEPTH:
            for child in client.children(window):
                yield from self._managed_windows(client, child, depth + 1)
