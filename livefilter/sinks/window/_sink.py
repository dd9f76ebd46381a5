"""A window on the screen, through OpenCV."""

from __future__ import annotations

import os
import time
from collections.abc import Callable

import cv2
import numpy as np

from livefilter.errors import DisplayError
from livefilter.frame import Frame, Pixels
from livefilter.kernels import EdgeScore
from livefilter.sinks._sink import Sink
from livefilter.sinks.window._iconic import IconicWatch
from livefilter.sinks.window._screen import fit_to_screen, screen_size
from livefilter.sinks.window._x11 import NO_WINDOWS, connect_display

_ESCAPE = 27
_LEAST_PX = 64


class WindowSink(Sink):
    """A window that shows every frame it is given, from the first one on; only for the main thread.

    Args:
        title: What stands above it, and tells it from others.

    Attributes:
        is_closed: The user closed it by its button.
        is_minimised: The user put it away, so that nobody sees it.
        on_drag: Called while the mouse is dragged over the picture, with its place as a share of the picture's width.

    Raises:
        DisplayError: There is no display, or OpenCV was built without windows.
    """

    def __init__(self, title: str) -> None:
        self._visit = connect_display()  # Kept until the window keeps the display busy itself.
        self.target = title
        self.is_closed = False
        self.is_minimised = False
        self._is_put_away = IconicWatch()
        self.on_drag: Callable[[float], object] = lambda share: None
        self._shape = (1, 1)
        self._is_shown = False
        os.environ.setdefault("QT_LOGGING_RULES", "*.debug=false;qt.qpa.*=false")

    def write(self, frame: Frame, score: EdgeScore) -> None:
        """Show one picture and let the window handle what happened to it."""
        self.show(frame.pixels)
        self.poll_key(1)

    def show(self, pixels: Pixels) -> None:
        """Show a picture; the first one opens the window, in its size, or as large as the screen allows.

        A later one of other proportions gets black bars: OpenCV would stretch it.

        Raises:
            DisplayError: OpenCV cannot open a window.
        """
        if self.is_closed:
            return
        if not self._is_shown:
            self._open(*pixels.shape[:2])
        cv2.imshow(self.target, _with_bars(pixels, self._shape))

    def poll_key(self, wait_ms: int) -> str | None:
        """Wait for a key at most ``wait_ms`` milliseconds, at least 1, and return it: a character, "esc", or None."""
        if not self._is_shown or self.is_closed:
            time.sleep(max(1, wait_ms) / 1000)  # OpenCV would not wait.
            return None
        # Not waitKey, which cuts codes down to 8 bits and so takes Insert for a "c".
        code = cv2.waitKeyEx(max(1, wait_ms)) & 0xFFFF  # Higher bits tell of Shift and the like.
        self.is_closed = not self._is_visible()
        self.is_minimised = not self.is_closed and self._is_put_away()
        if not 0 < code <= 0xFF:
            return None
        return "esc" if code == _ESCAPE else chr(code)

    def toggle_full_screen(self) -> None:
        """Fill the screen, or go back to a window."""
        if self._is_shown and not self.is_closed:
            is_full = cv2.getWindowProperty(self.target, cv2.WND_PROP_FULLSCREEN) == cv2.WINDOW_FULLSCREEN
            wanted = cv2.WINDOW_NORMAL if is_full else cv2.WINDOW_FULLSCREEN
            cv2.setWindowProperty(self.target, cv2.WND_PROP_FULLSCREEN, wanted)

    def zoom(self, factor: float) -> None:
        """Change the window's size by a factor."""
        if self._is_shown and not self.is_closed:
            _, _, cols, rows = cv2.getWindowImageRect(self.target)
            cv2.resizeWindow(self.target, *(max(_LEAST_PX, round(side * factor)) for side in (cols, rows)))

    def finish(self, *, is_complete: bool = True) -> str | None:
        """Close the window; nothing of it is kept."""
        if self._is_shown and not self.is_closed:
            cv2.destroyWindow(self.target)
            cv2.waitKey(1)  # Without a last turn of its loop the window would stay on the screen.
        self.is_closed = True
        self._is_put_away.close()
        self._leave()
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
        window_rows, window_cols = fit_to_screen(self._shape, screen_size(self._visit))
        cv2.resizeWindow(self.target, window_cols, window_rows)
        cv2.setMouseCallback(self.target, self._mouse)
        self._is_shown = True
        self._leave()

    def _mouse(self, event: int, col: int, row: int, flags: int, _: object) -> None:
        if event in (cv2.EVENT_LBUTTONDOWN, cv2.EVENT_MOUSEMOVE) and flags & cv2.EVENT_FLAG_LBUTTON:
            self.on_drag(min(max(col / self._shape[1], 0.0), 1.0))

    def _leave(self) -> None:
        if self._visit is not None:
            self._visit.close()
            self._visit = None

    def _is_visible(self) -> bool:
        try:
            return cv2.getWindowProperty(self.target, cv2.WND_PROP_VISIBLE) >= 1
        except cv2.error:  # With its last window, OpenCV's Qt forgets that there ever was one.
            return False


def _with_bars(pixels: Pixels, shape: tuple[int, int]) -> Pixels:
    """Return a picture in the proportions of ``shape``; itself where it has them."""
    rows, cols = pixels.shape[:2]
    lacking_rows = max(0, round(cols * shape[0] / shape[1]) - rows)
    lacking_cols = max(0, round(rows * shape[1] / shape[0]) - cols)
    if not (lacking_rows or lacking_cols):
        return pixels
    above, before = lacking_rows // 2, lacking_cols // 2
    barred = cv2.copyMakeBorder(
        pixels, above, lacking_rows - above, before, lacking_cols - before, cv2.BORDER_CONSTANT, value=0
    )
    return np.asarray(barred, dtype=np.uint8)
