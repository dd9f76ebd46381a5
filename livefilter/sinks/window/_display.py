"""The display: whether a window can be opened on it, and the size of its screen."""

from __future__ import annotations

import ctypes
import ctypes.util
import os
import sys
import time

import cv2

from livefilter.errors import DisplayError
from livefilter.sinks.window._x11 import X11Client, is_reachable

NO_WINDOWS = (
    "window: this OpenCV was built without windows (opencv-python-headless); "
    "pip uninstall opencv-python-headless && pip install --force-reinstall opencv-python"
)
_ATTEMPTS = 5
_RETRY_S = 0.2
_MAX_SCREEN_SHARE = 0.9
"""Largest share of the screen for a window; the rest is for its title and the desktop's bar."""


def check_display() -> None:
    """Check that a window can be opened. Call it before opening one.

    OpenCV's Qt ends the whole process if there is no display, or if the display refuses this user.

    Raises:
        DisplayError: No window can be opened; the message says what to do.
    """
    client = connect_display()
    if client is not None:
        client.close()


def connect_display() -> X11Client | None:
    """Check that a window can be opened, and return a connection to the X server; None on displays without X11.

    Keep the connection while the window is open, at least until it is: a bare X server such as Xvfb restarts when its
    last client leaves, and closes new connections meanwhile, on which Qt would end the process.

    Raises:
        DisplayError: No window can be opened; the message says what to do.
    """
    if "GUI: NONE" in " ".join(_gui_lines().split()):
        raise DisplayError(NO_WINDOWS)
    if sys.platform in ("win32", "darwin") or os.environ.get("QT_QPA_PLATFORM", "") in ("offscreen", "minimal"):
        return None
    display = os.environ.get("DISPLAY", "")
    if not display:
        raise DisplayError(
            "window: there is no display (DISPLAY is not set); log in with ssh -X, run under 'xvfb-run', "
            "or use 'livefilter preview --no-window' or 'livefilter process', which need none"
        )
    for attempt in range(_ATTEMPTS):
        time.sleep(_RETRY_S * (attempt > 0))  # The server may be restarting.
        try:
            if is_reachable(display):
                return X11Client(display)
        except ConnectionResetError:
            continue
        except TimeoutError:
            break
    raise DisplayError(
        f"window: the display {display} does not answer, or refuses this user; check DISPLAY and XAUTHORITY, "
        "and run as the user who is logged in there, or use 'livefilter preview --no-window' or 'livefilter process'"
    )


def screen_size(client: X11Client | None) -> tuple[int, int] | None:
    """Return the (rows, cols) of the screen; None if they are unknown.

    Args:
        client: The connection to the X server, if the display has one.
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
            shape = (0, 0) if client is None else client.screen_shape
    except (OSError, AttributeError):
        return None
    return shape if min(shape) > 0 else None


def fit_to_screen(shape: tuple[int, int], screen: tuple[int, int] | None) -> tuple[int, int]:
    """Return the (rows, cols) of a window for images of a shape: the same, or as large as the screen allows.

    Example:
        >>> fit_to_screen((480, 640), (1080, 1920)), fit_to_screen((2160, 3840), (1080, 1920))
        ((480, 640), (972, 1728))
    """
    if screen is None:
        return shape
    scale = min(1.0, *(_MAX_SCREEN_SHARE * room / side for side, room in zip(shape, screen, strict=True)))
    return max(1, round(shape[0] * scale)), max(1, round(shape[1] * scale))


def _gui_lines() -> str:
    built = cv2.getBuildInformation()
    start = built.find("GUI:")
    return built[start : start + 40] if start >= 0 else ""
