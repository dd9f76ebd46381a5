"""How large the screen is, which OpenCV does not tell: a window that is larger cannot be seen as a whole."""

from __future__ import annotations

import ctypes
import ctypes.util
import socket
import struct
import sys
from dataclasses import dataclass

_MAX_SCREEN_SHARE = 0.9
"""Of the screen; the rest is for a title, and a bar of the desktop."""


@dataclass(frozen=True, slots=True)
class Screen:
    """The first screen of an X server.

    Attributes:
        root: The number of its root window.
        shape: Its (rows, cols) in pixels.
    """

    root: int
    shape: tuple[int, int]


def fit_to_screen(shape: tuple[int, int], screen: tuple[int, int] | None) -> tuple[int, int]:
    """Return the (rows, cols) of a window that shows pictures of a shape as large as they are, or as the screen allows.

    Example:
        >>> fitting((480, 640), (1080, 1920)), fitting((2160, 3840), (1080, 1920))
        ((480, 640), (972, 1728))
    """
    if screen is None:
        return shape
    scale = min(1.0, *(_MAX_SCREEN_SHARE * room / side for side, room in zip(shape, screen, strict=True)))
    return max(1, round(shape[0] * scale)), max(1, round(shape[1] * scale))


def screen_size(display: socket.socket | None) -> tuple[int, int] | None:
    """Return the screen's (rows, cols); None where nobody tells.

    Args:
        display: A connection to the X server that has just welcomed us, if the display is one of X.
    """
    try:
        if sys.platform == "win32":
            metrics = ctypes.windll.user32.GetSystemMetrics
            shape = metrics(1), metrics(0)
        elif sys.platform == "darwin":
            graphics = ctypes.CDLL(ctypes.util.find_library("CoreGraphics"))
            graphics.CGMainDisplayID.restype = ctypes.c_uint32
            for side in (graphics.CGDisplayPixelsHigh, graphics.CGDisplayPixelsWide):
                side.argtypes, side.restype = [ctypes.c_uint32], ctypes.c_size_t
            main = graphics.CGMainDisplayID()
            shape = graphics.CGDisplayPixelsHigh(main), graphics.CGDisplayPixelsWide(main)
        else:
            shape = (0, 0) if display is None else read_screen(display).shape
    except (OSError, AttributeError, struct.error, IndexError):
        return None
    return shape if min(shape) > 0 else None


def read_screen(display: socket.socket) -> Screen:
    """Read what an X server says after the first byte of its welcome (X protocol, version 11, chapter 8).

    Raises:
        OSError: The display is gone.
    """
    head = read(display, 7)
    setup = read(display, 4 * int(struct.unpack_from("<H", head, 5)[0]))
    (vendor,) = struct.unpack_from("<H", setup, 16)
    formats = setup[21]
    first = 32 + vendor + -vendor % 4 + 8 * formats
    (root,) = struct.unpack_from("<I", setup, first)
    cols, rows = struct.unpack_from("<HH", setup, first + 20)
    return Screen(root, (rows, cols))


def read(display: socket.socket, count: int) -> bytes:
    """Read so many bytes.

    Raises:
        OSError: The display is gone.
    """
    parts = b""
    while len(parts) < count:
        part = display.recv(count - len(parts))
        if not part:
            raise OSError("the display is gone")
        parts += part
    return parts
