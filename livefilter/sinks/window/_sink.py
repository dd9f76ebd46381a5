"""Preview window, through OpenCV."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from fractions import Fraction

import cv2
import numpy as np

from livefilter.analysis import Result
from livefilter.errors import DisplayError
from livefilter.frame import Pixels
from livefilter.sinks._sink import Needs, Sink
from livefilter.sinks.window._display import NO_WINDOWS, connect_display, fit_to_screen, screen_size
from livefilter.sinks.window._iconic import IconicWatch

_ESCAPE = 27
_MIN_SIDE_PX = 64


class WindowSink(Sink):
    """A window that shows every frame; it opens with the first one. Use it from the main thread only.

    Args:
        title: Title of the window, which OpenCV identifies it by.

    Attributes:
        is_closed: Whether the window is closed, by the user or by ``finish``.
        is_minimised: Whether the user has minimised the window.
        on_drag: Called while the user drags the mouse over the image, with its column from 0 (left) to 1 (right).

    Raises:
        DisplayError: There is no display, or OpenCV was built without windows.
    """

    needs = Needs.PICTURE

    def __init__(self, title: str) -> None:
        self._display = connect_display()  # Stay connected as long as the window: see connect_display.
        self.target = title
        self.is_closed = False
        self.is_minimised = False
        self._iconic_watch = IconicWatch(self._display)
        self.on_drag: Callable[[float], object] = lambda share: None
        self._shape = (1, 1)
        self._is_open = False
        os.environ.setdefault("QT_LOGGING_RULES", "*.debug=false;qt.qpa.*=false")

    def write(self, result: Result) -> None:
        """Show one frame and let the window process its events."""
        self.show(result.picture)
        self.poll_key(1)

    def show(self, pixels: Pixels) -> None:
        """Show an image. The first one opens the window, in its size or as large as the screen allows.

        A later image of another aspect ratio gets black bars, because OpenCV would stretch it.

        Args:
            pixels: uint8, gray (rows, cols) or BGR (rows, cols, 3).

        Raises:
            DisplayError: OpenCV cannot open a window.
        """
        if self.is_closed:
            return
        if not self._is_open:
            self._open(*pixels.shape[:2])
        cv2.imshow(self.target, _pad_to_aspect(pixels, self._shape))

    def poll_key(self, wait_ms: int) -> str | None:
        """Wait for a key, at least 1 ms and at most ``wait_ms``, and return it: a character, "esc", or None."""
        if not self._is_open or self.is_closed:
            time.sleep(max(1, wait_ms) / 1000)  # Without a window, OpenCV would not wait.
            return None
        # Not waitKey, which truncates codes to 8 bits and so takes Insert for a "c".
        code = cv2.waitKeyEx(max(1, wait_ms)) & 0xFFFF  # Higher bits hold modifiers such as Shift.
        self.is_closed = not self._is_visible()
        self.is_minimised = not self.is_closed and self._iconic_watch.is_minimised()
        if not 0 < code <= 0xFF:
            return None
        return "esc" if code == _ESCAPE else chr(code)

    def toggle_full_screen(self) -> None:
        """Switch between full screen and a window."""
        if self._is_open and not self.is_closed:
            is_full = cv2.getWindowProperty(self.target, cv2.WND_PROP_FULLSCREEN) == cv2.WINDOW_FULLSCREEN
            mode = cv2.WINDOW_NORMAL if is_full else cv2.WINDOW_FULLSCREEN
            cv2.setWindowProperty(self.target, cv2.WND_PROP_FULLSCREEN, mode)

    def zoom(self, factor: float) -> None:
        """Change the window's size by a factor."""
        if self._is_open and not self.is_closed:
            _, _, cols, rows = cv2.getWindowImageRect(self.target)
            cv2.resizeWindow(self.target, *(max(_MIN_SIDE_PX, round(side * factor)) for side in (cols, rows)))

    def finish(self, *, is_complete: bool = True, end_s: Fraction | None = None) -> str | None:
        """Close the window, and return None."""
        if self._is_open and not self.is_closed:
            cv2.destroyWindow(self.target)
            cv2.waitKey(1)  # Without a last iteration of its event loop, the window would stay on the screen.
        self.is_closed = True
        if self._display is not None:
            self._display.close()
        return None

    def discard(self) -> None:
        """Close the window."""
        self.finish()

    def _open(self, rows: int, cols: int) -> None:
        try:
            cv2.namedWindow(self.target, cv2.WINDOW_NORMAL | cv2.WINDOW_KEEPRATIO | cv2.WINDOW_GUI_NORMAL)
        except cv2.error as error:
            raise DisplayError(NO_WINDOWS) from error
        self._shape = (rows, cols)
        window_rows, window_cols = fit_to_screen(self._shape, screen_size(self._display))
        cv2.resizeWindow(self.target, window_cols, window_rows)
        cv2.setMouseCallback(self.target, self._on_mouse)
        self._is_open = True

    def _on_mouse(self, event: int, col: int, row: int, flags: int, _: object) -> None:
        if event in (cv2.EVENT_LBUTTONDOWN, cv2.EVENT_MOUSEMOVE) and flags & cv2.EVENT_FLAG_LBUTTON:
            self.on_drag(min(max(col / self._shape[1], 0.0), 1.0))

    def _is_visible(self) -> bool:
        try:
            return cv2.getWindowProperty(self.target, cv2.WND_PROP_VISIBLE) >= 1
        except cv2.error:  # After its last window is closed, OpenCV's Qt raises an error.
            return False


def _pad_to_aspect(pixels: Pixels, shape: tuple[int, int]) -> Pixels:
    """Return an image with black bars up to the aspect ratio of ``shape``; unchanged if it has that ratio."""
    rows, cols = pixels.shape[:2]
    bar_rows = max(0, round(cols * shape[0] / shape[1]) - rows)
    bar_cols = max(0, round(rows * shape[1] / shape[0]) - cols)
    if not (bar_rows or bar_cols):
        return pixels
    above, before = bar_rows // 2, bar_cols // 2
    padded = cv2.copyMakeBorder(
        pixels, above, bar_rows - above, before, bar_cols - before, cv2.BORDER_CONSTANT, value=0
    )
    return np.asarray(padded, dtype=np.uint8)
