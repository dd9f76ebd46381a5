"""Whether this process's window is minimised, which OpenCV does not say."""

from __future__ import annotations

import os
import struct
import sys
import time
from collections.abc import Iterator

from livefilter.errors import DisplayError
from livefilter.sinks.window._display import connect_display
from livefilter.sinks.window._x11 import X11Client

_ICONIC_STATE = 3
"""Value of WM_STATE (Inter-Client Communication Conventions Manual, section 4.1.3.1)."""
_MAX_DEPTH = 3
"""Depth of the search for our window: a window manager reparents it into one or two of its own."""


class IconicWatch:
    """Reports whether a window of this process is minimised; False where that is unknown.

    It asks the X server for the state that the window manager has given to the window.

    Args:
        interval_s: How long an answer is reused, in seconds.
    """

    def __init__(self, *, interval_s: float = 0.25) -> None:
        self._interval_s = interval_s
        self._client: X11Client | None = None
        self._asked_s = float("-inf")
        self._is_minimised = False
        self._is_closed = sys.platform in ("win32", "darwin")

    def is_minimised(self) -> bool:
        """Return whether the window is minimised."""
        now_s = time.monotonic()
        if now_s - self._asked_s >= self._interval_s and not self._is_closed:
            self._asked_s = now_s
            try:
                self._is_minimised = self._ask()
            except (DisplayError, OSError, struct.error, IndexError):
                self.close()
        return self._is_minimised

    def close(self) -> None:
        """Close the connection; from now on, the window counts as visible."""
        self._is_minimised, self._is_closed = False, True
        if self._client is not None:
            self._client.close()
            self._client = None

    def _ask(self) -> bool:
        if self._client is None:
            self._client = connect_display()
            if self._client is None:
                raise OSError("the display has no X server")
            self._pid, self._state = self._client.atom("_NET_WM_PID"), self._client.atom("WM_STATE")
            self._window: int | None = None
        if self._window is None or self._client.property(self._window, self._state) is None:
            self._window = next(self._managed_windows(self._client, self._client.root, 0), None)
        state = None if self._window is None else self._client.property(self._window, self._state)
        return state == _ICONIC_STATE

    def _managed_windows(self, client: X11Client, window: int, depth: int) -> Iterator[int]:
        """Yield the windows of this process that have a state from a window manager."""
        if client.property(window, self._pid) == os.getpid() and client.property(window, self._state) is not None:
            yield window
        if depth < _MAX_DEPTH:
            for child in client.children(window):
                yield from self._managed_windows(client, child, depth + 1)
