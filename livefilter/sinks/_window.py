"""A window on the screen, through OpenCV."""

from __future__ import annotations

import os
import socket
import sys
from pathlib import Path

import cv2

from livefilter.errors import DisplayError
from livefilter.frame import Frame, Pixels
from livefilter.kernels import EdgeScore
from livefilter.sinks._sink import Sink

_X11_SOCKETS = "/tmp/.X11-unix/X"
_X11_PORT = 6000


class WindowSink(Sink):
    """A window that shows every frame it is given; only for the main thread.

    Attributes:
        is_closed: The user closed it by its button.

    Raises:
        DisplayError: There is no display, or OpenCV was built without windows.
    """

    def __init__(self, title: str) -> None:
        check_display()
        self.target = title
        self.is_closed = False
        self._is_shown = False
        os.environ.setdefault("QT_LOGGING_RULES", "*.debug=false;qt.qpa.*=false")
        try:
            cv2.namedWindow(title, cv2.WINDOW_NORMAL | cv2.WINDOW_KEEPRATIO | cv2.WINDOW_GUI_NORMAL)
        except cv2.error as error:
            raise DisplayError(_NO_WINDOWS) from error

    def write(self, frame: Frame, score: EdgeScore) -> None:
        """Show one picture and let the window handle what happened to it."""
        self.show(frame.pixels)
        self.poll_key(1)

    def show(self, pixels: Pixels) -> None:
        """Show a picture; the first one gives the window its size."""
        if self.is_closed:
            return
        if not self._is_shown:
            rows, cols = pixels.shape[:2]
            cv2.resizeWindow(self.target, cols, rows)
            self._is_shown = True
        cv2.imshow(self.target, pixels)

    def poll_key(self, wait_ms: int) -> str | None:
        """Wait for a key at most ``wait_ms`` milliseconds, at least 1, and return it: a character, "esc", or None."""
        code = cv2.waitKey(max(1, wait_ms))
        if self._is_shown and cv2.getWindowProperty(self.target, cv2.WND_PROP_VISIBLE) < 1:
            self.is_closed = True
        if code < 0:
            return None
        return "esc" if code & 0xFF == 27 else chr(code & 0xFF)

    def finish(self, *, is_complete: bool = True) -> str | None:
        """Close the window; nothing of it is kept."""
        if not self.is_closed:
            cv2.destroyWindow(self.target)
            cv2.waitKey(1)  # Without a last turn of its loop the window would stay on the screen.
            self.is_closed = True
        return None

    def discard(self) -> None:
        """Close the window."""
        self.finish()


_NO_WINDOWS = (
    "window: this OpenCV was built without windows (opencv-python-headless); "
    "pip uninstall opencv-python-headless && pip install --force-reinstall opencv-python"
)


def check_display() -> None:
    """Return if a window can be opened here.

    Asked before any window is made, because OpenCV's Qt ends the whole process where there is no display.

    Raises:
        DisplayError: It cannot; the message says what to do.
    """
    if "GUI: NONE" in " ".join(_gui_lines().split()):
        raise DisplayError(_NO_WINDOWS)
    if sys.platform in ("win32", "darwin") or os.environ.get("QT_QPA_PLATFORM", "") in ("offscreen", "minimal"):
        return
    display = os.environ.get("DISPLAY", "")
    if not display:
        raise DisplayError(
            "window: there is no display (DISPLAY is not set); log in with ssh -X, run under 'xvfb-run', "
            "or use 'livefilter process', which needs none"
        )
    if not _answers(display):
        raise DisplayError(f"window: the display {display} does not answer; check DISPLAY, or use 'livefilter process'")


def _gui_lines() -> str:
    built = cv2.getBuildInformation()
    start = built.find("GUI:")
    return built[start : start + 40] if start >= 0 else ""


def _answers(display: str) -> bool:
    """Return whether an X server listens at ``[host]:number[.screen]``."""
    host, _, number = display.rpartition(":")
    number = number.partition(".")[0]
    if not number.isdecimal():
        return False
    if host in ("", "unix"):
        path = _X11_SOCKETS + number
        addresses = [path, "\0" + path]  # Linux servers also listen on the abstract name.
        family: int = socket.AF_UNIX
        return any(_connects(family, address) for address in addresses if address[0] == "\0" or Path(address).exists())
    return _connects(socket.AF_INET, (host, _X11_PORT + int(number)))


def _connects(family: int, address: str | tuple[str, int]) -> bool:
    with socket.socket(family, socket.SOCK_STREAM) as connection:
        connection.settimeout(2)
        try:
            connection.connect(address)
        except OSError:
            return False
        return True
