"""Whether this process's window is minimised, which OpenCV does not tell."""

from __future__ import annotations

import os
import socket
import struct
import sys
import time
from collections.abc import Iterator

from livefilter.errors import DisplayError
from livefilter.sinks.window._screen import read, read_screen
from livefilter.sinks.window._x11 import connect_display

_EVERY_S = 0.25
_ICONIC = 3
"""Of WM_STATE (Inter-Client Communication Conventions Manual, 4.1.3.1)."""
_QUERY_TREE, _INTERN_ATOM, _GET_PROPERTY = 15, 16, 20
_DEEPEST = 3
"""A window manager puts a window into one of its own, or two."""


class IconicWatch:
    """Tells whether a window of this process is minimised; False where nobody knows.

    It asks the X server for the state that its window manager gave to our window, and speaks to the server itself:
    Xlib's way of telling an error, such as that of a window that is gone, is to end the process.
    """

    def __init__(self) -> None:
        self._server: socket.socket | None = None
        self._asked_s = float("-inf")
        self._is_minimised = False
        self._is_closed = sys.platform in ("win32", "darwin")

    def __call__(self) -> bool:
        """Return whether it is."""
        now_s = time.monotonic()
        if now_s - self._asked_s >= _EVERY_S and not self._is_closed:
            self._asked_s = now_s
            try:
                self._is_minimised = self._ask()
            except (DisplayError, OSError, struct.error, IndexError):
                self.close()
        return self._is_minimised

    def close(self) -> None:
        """Ask no more."""
        self._is_minimised, self._is_closed = False, True
        if self._server is not None:
            self._server.close()
            self._server = None

    def _ask(self) -> bool:
        if self._server is None:
            self._server = connect_display()
            if self._server is None:
                raise OSError("a display that has no windows")
            self._root = read_screen(self._server).root
            self._pid, self._state = self._atom(b"_NET_WM_PID"), self._atom(b"WM_STATE")
            self._window: int | None = None
        if self._window is None or self._property(self._window, self._state) is None:
            self._window = next(self._ours(self._root, 0), None)
        state = None if self._window is None else self._property(self._window, self._state)
        return state == _ICONIC

    def _ours(self, window: int, depth: int) -> Iterator[int]:
        """Yield the windows of this process that a window manager looks after."""
        if self._property(window, self._pid) == os.getpid() and self._property(window, self._state) is not None:
            yield window
        if depth < _DEEPEST:
            reply = self._reply(_QUERY_TREE, 0, struct.pack("<I", window))
            if reply is not None:
                (count,) = struct.unpack_from("<H", reply, 16)
                for child in struct.unpack_from(f"<{count}I", reply, 32):
                    yield from self._ours(child, depth + 1)

    def _atom(self, name: bytes) -> int:
        reply = self._reply(_INTERN_ATOM, 0, struct.pack("<HH", len(name), 0) + name + bytes(-len(name) % 4))
        return 0 if reply is None else int(struct.unpack_from("<I", reply, 8)[0])

    def _property(self, window: int, atom: int) -> int | None:
        """Return the first number of a property; None if there is none, or no such window."""
        reply = self._reply(_GET_PROPERTY, 0, struct.pack("<IIIII", window, atom, 0, 0, 1))
        if reply is None or reply[1] != 32 or len(reply) < 36:
            return None
        return int(struct.unpack_from("<I", reply, 32)[0])

    def _reply(self, opcode: int, detail: int, body: bytes) -> bytes | None:
        """Send a request and return its reply; None if the server answers with an error, or there is none."""
        if self._server is None:
            return None
        self._server.sendall(struct.pack("<BBH", opcode, detail, 1 + len(body) // 4) + body)
        while True:
            head = read(self._server, 32)
            if head[0] == 1:
                return head + read(self._server, 4 * struct.unpack_from("<I", head, 4)[0])
            if head[0] == 0:
                return None
