"""A small X11 client over libxcb: the size of the screen, and the properties of windows.

Not over Xlib, which ends the process on an error, such as that of a window that is gone. Layout of the replies: X
Window System Protocol, version 11, appendix B.
"""

from __future__ import annotations

import ctypes
import struct
import subprocess
import sys
from functools import cache
from typing import Any

_LIBRARY = "libxcb.so.1"
_TIMEOUT_S = 5
"""How long a child process may take to start and to reach the display."""
_TRY = f"""
import ctypes, sys
xcb = ctypes.CDLL({_LIBRARY!r})
xcb.xcb_connect.restype = ctypes.c_void_p
sys.exit(xcb.xcb_connection_has_error(ctypes.c_void_p(xcb.xcb_connect(sys.argv[1].encode(), None))))
"""


class _Cookie(ctypes.Structure):
    _fields_ = (("sequence", ctypes.c_uint),)


class _Screen(ctypes.Structure):
    _fields_ = (
        ("root", ctypes.c_uint32),
        ("colors_and_masks", ctypes.c_uint32 * 4),
        ("cols", ctypes.c_uint16),
        ("rows", ctypes.c_uint16),
    )


class _Screens(ctypes.Structure):
    _fields_ = (("first", ctypes.POINTER(_Screen)), ("rest", ctypes.c_int), ("index", ctypes.c_int))


def is_reachable(display: str) -> bool:
    """Return whether an X server answers and accepts this user.

    A child process tries it: libxcb waits for a server without a deadline, and prints why it is refused.

    Raises:
        TimeoutError: A server is there, but does not answer.
    """
    command = [sys.executable, "-I", "-S", "-c", _TRY, display]
    try:
        return subprocess.run(command, capture_output=True, timeout=_TIMEOUT_S, check=False).returncode == 0
    except subprocess.TimeoutExpired as error:
        raise TimeoutError(f"the X server of {display} does not answer") from error


class X11Client:
    """A connection to an X server that ``is_reachable``. Once the server is gone, there are no windows.

    Args:
        display: Name of the display, as in DISPLAY: ":0", "host:1.0".

    Attributes:
        root: Number of the root window of the first screen.
        screen_shape: (rows, cols) of that screen, in pixels.

    Raises:
        ConnectionResetError: The server does not accept the connection, or no longer.
    """

    def __init__(self, display: str) -> None:
        self._connection: ctypes.c_void_p | None = ctypes.c_void_p(_xcb().xcb_connect(display.encode(), None))
        screen = None
        if not _xcb().xcb_connection_has_error(self._connection):
            screens = _xcb().xcb_setup_roots_iterator(ctypes.c_void_p(_xcb().xcb_get_setup(self._connection)))
            screen = screens.first.contents if screens.rest else None
        if screen is None:
            self.close()
            raise ConnectionResetError(f"the X server of {display} does not accept the connection")
        self.root: int = screen.root
        self.screen_shape: tuple[int, int] = (screen.rows, screen.cols)

    def close(self) -> None:
        """Close the connection."""
        if self._connection is not None:
            _xcb().xcb_disconnect(self._connection)
            self._connection = None

    def atom(self, name: str) -> int:
        """Return the number of a property's name; 0 if the server is gone."""
        reply = self._ask("intern_atom", 0, len(name), name.encode())
        return int(struct.unpack_from("=I", reply, 8)[0]) if reply else 0

    def children(self, window: int) -> tuple[int, ...]:
        """Return the child windows of a window; none if there is no such window."""
        reply = self._ask("query_tree", window)
        return struct.unpack_from(f"={struct.unpack_from('=H', reply, 16)[0]}I", reply, 32) if reply else ()

    def property(self, window: int, atom: int) -> int | None:
        """Return the first number of a window's property; None without that property or window."""
        reply = self._ask("get_property", 0, window, atom, 0, 0, 1)
        return int(struct.unpack_from("=I", reply, 32)[0]) if len(reply) >= 36 and reply[1] == 32 else None

    def _ask(self, request: str, *arguments: int | bytes) -> bytes:
        """Send a request and return its reply; empty if the server answers with an error, or is gone."""
        if self._connection is None:
            return b""
        send, receive = getattr(_xcb(), f"xcb_{request}"), getattr(_xcb(), f"xcb_{request}_reply")
        send.restype, receive.restype = _Cookie, ctypes.c_void_p
        reply = receive(self._connection, send(self._connection, *arguments), None)
        if not reply:
            return b""
        (more_words,) = struct.unpack("=I", ctypes.string_at(reply + 4, 4))
        content = ctypes.string_at(reply, 32 + 4 * more_words)
        ctypes.CDLL(None).free(ctypes.c_void_p(reply))
        return content


@cache
def _xcb() -> Any:
    library = ctypes.CDLL(_LIBRARY)
    library.xcb_connect.restype = library.xcb_get_setup.restype = ctypes.c_void_p
    library.xcb_setup_roots_iterator.restype = _Screens
    return library
