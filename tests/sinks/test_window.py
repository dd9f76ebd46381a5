"""The window, with stand-ins for OpenCV's calls; a real one is tested with the command line."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import cv2
import numpy as np
import pytest

from livefilter.analysis import Result
from livefilter.errors import DisplayError
from livefilter.frame import Frame
from livefilter.kernels import EdgeScore
from livefilter.sinks import WindowSink
from livefilter.sinks.window import IconicWatch, X11Client

PICTURE = np.zeros((4, 6), np.uint8)


class Visit(X11Client):
    """A connection to an X server without windows."""

    def __init__(self) -> None:
        self.is_open = True
        self.root = 1

    def atom(self, name: str) -> int:
        """Return the number of a name."""
        return 2

    def close(self) -> None:
        """Close it."""
        self.is_open = False


class Screen:
    """What OpenCV's windows would do."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.calls: list[tuple[Any, ...]] = []
        self.code = -1
        self.is_put_away = False
        self.mouse: Callable[..., object] = lambda *_: None
        self.visit = Visit()
        self.visible: float | None = 1.0
        # The module's own names: its display is replaced, as OpenCV's calls are.
        patch.setattr("livefilter.sinks.window._sink.connect_display", lambda: self.visit)
        patch.setattr("livefilter.sinks.window._sink.screen_size", lambda _: self.shape)
        self.shape: tuple[int, int] | None = None
        patch.setattr(IconicWatch, "is_minimised", lambda _: self.is_put_away)
        patch.setattr("time.sleep", lambda seconds: self.calls.append(("sleep", seconds)))
        for name in ("namedWindow", "resizeWindow", "imshow", "destroyWindow", "waitKey", "setWindowProperty"):
            patch.setattr(cv2, name, lambda *arguments, name=name: self.calls.append((name, *arguments)))
        patch.setattr(cv2, "setMouseCallback", lambda _, called: setattr(self, "mouse", called))
        patch.setattr(cv2, "getWindowImageRect", lambda _: (10, 20, 400, 300))
        patch.setattr(cv2, "waitKeyEx", lambda wait_ms: self.code)
        patch.setattr(cv2, "getWindowProperty", lambda *_: self._property())

    def _property(self) -> float:
        if self.visible is None:
            raise cv2.error("NULL guiReceiver")
        return self.visible

    @property
    def names(self) -> list[str]:
        """The calls' names in order."""
        return [name for name, *_ in self.calls]


@pytest.fixture
def screen(monkeypatch: pytest.MonkeyPatch) -> Screen:
    """A screen for one test."""
    return Screen(monkeypatch)


def test_the_display_is_kept_as_long_as_the_window(screen: Screen) -> None:
    """An X server that its last client leaves starts over, and hangs up on who comes meanwhile."""
    with WindowSink("a title") as window:
        window.show(PICTURE)
        assert screen.visit.is_open
    assert not screen.visit.is_open


def test_the_display_is_left_also_without_a_window(screen: Screen) -> None:
    """Discarding the sink closes the connection."""
    WindowSink("a title").discard()
    assert not screen.visit.is_open


def test_a_picture_larger_than_the_screen_is_seen_as_a_whole(screen: Screen) -> None:
    """The window keeps its proportions, and leaves room for a title; 4K on a small notebook."""
    screen.shape = (800, 1280)
    WindowSink("a title").show(np.zeros((2160, 3840), np.uint8))
    assert ("resizeWindow", "a title", 1152, 648) in screen.calls


def test_the_first_picture_opens_the_window_in_its_size(screen: Screen) -> None:
    """There is no empty window while something is compiled; columns come first for OpenCV."""
    window = WindowSink("a title")
    assert screen.calls == []
    window.show(PICTURE)
    window.show(PICTURE)
    assert screen.names == ["namedWindow", "resizeWindow", "imshow", "imshow"]
    assert screen.calls[1] == ("resizeWindow", "a title", 6, 4)


@pytest.mark.parametrize("shape", [(4, 12), (8, 6), (5, 6), (2, 3)])
def test_a_picture_of_other_proportions_gets_bars(shape: tuple[int, int], screen: Screen) -> None:
    """The original beside the result is twice as wide as the window: neither is squeezed, and nothing is cut off."""
    window = WindowSink("a title")
    window.show(PICTURE)
    window.show(np.full(shape, 9, np.uint8))
    shown = screen.calls[-1][2]
    assert shown.shape == {(4, 12): (8, 12), (8, 6): (8, 12), (5, 6): (5, 8), (2, 3): (2, 3)}[shape]
    rows, cols = np.nonzero(shown)
    assert (len(set(rows)), len(set(cols))) == shape
    assert rows.min() == (shown.shape[0] - shape[0]) // 2
    assert cols.min() == (shown.shape[1] - shape[1]) // 2


def test_every_frame_written_is_shown(screen: Screen) -> None:
    """And leaving the block closes the window, once, with a turn of its loop."""
    with WindowSink("a title") as window:
        for index in range(2):
            window.write(Result.unfiltered(Frame(PICTURE, index, Fraction(index), 0), EdgeScore(0, 0, 0)))
        assert window.finish() is None
    assert screen.names.count("imshow") == 2
    assert screen.names[-2:] == ["destroyWindow", "waitKey"]
    assert screen.names.count("destroyWindow") == 1


def test_a_window_that_never_showed_anything_is_not_closed(screen: Screen) -> None:
    """There is none; and waiting for a key only waits."""
    with WindowSink("a title") as window:
        assert window.poll_key(5) is None
    assert screen.calls == [("sleep", 0.005)]


@pytest.mark.parametrize(
    ("code", "key"),
    [
        (-1, None),
        (ord("q"), "q"),
        (ord(" "), " "),
        (27, "esc"),
        (0x10000 | ord("s"), "s"),  # Shift on GTK
        (0xFF63, None),  # Insert, whose last 8 bits are a "c"
        (0xFF53, None),  # Right, whose last 8 bits are an "S"
        (0x250000, None),  # Left on Windows
        (0xE9, "é"),
    ],
)
def test_a_key_is_a_character_or_nothing(code: int, key: str | None, screen: Screen) -> None:
    """Whatever else a toolkit tells about it."""
    window = WindowSink("a title")
    window.show(PICTURE)
    screen.code = code
    assert window.poll_key(0) == key
    assert not window.is_closed


@pytest.mark.parametrize("visible", [0.0, -1.0, None])
def test_a_window_closed_by_its_button_is_noticed_and_left_alone(visible: float | None, screen: Screen) -> None:
    """Showing more would open it again; closing it again would fail."""
    window = WindowSink("a title")
    window.show(PICTURE)
    screen.visible = visible
    window.poll_key(1)
    assert window.is_closed
    window.show(PICTURE)
    window.poll_key(1)
    window.discard()
    assert screen.names == ["namedWindow", "resizeWindow", "imshow", "sleep"]


def test_dragging_tells_where_as_a_share_of_the_width(screen: Screen) -> None:
    """With the left button only, and never beyond the picture."""
    window = WindowSink("a title")
    window.show(PICTURE)
    told: list[float] = []
    window.on_drag = told.append
    left, right = cv2.EVENT_FLAG_LBUTTON, cv2.EVENT_FLAG_RBUTTON
    for event, col, flags in (
        (cv2.EVENT_MOUSEMOVE, 3, 0),
        (cv2.EVENT_LBUTTONDOWN, 3, left),
        (cv2.EVENT_MOUSEMOVE, 99, left),
        (cv2.EVENT_MOUSEMOVE, -5, left | right),
        (cv2.EVENT_LBUTTONUP, 2, left),
        (cv2.EVENT_MOUSEMOVE, 2, right),
    ):
        screen.mouse(event, col, 1, flags, None)
    assert told == [0.5, 1.0, 0.0]


def test_the_window_fills_the_screen_and_goes_back(screen: Screen) -> None:
    """As OpenCV calls it."""
    window = WindowSink("a title")
    window.show(PICTURE)
    screen.visible = cv2.WINDOW_NORMAL
    window.toggle_full_screen()
    screen.visible = cv2.WINDOW_FULLSCREEN
    window.toggle_full_screen()
    wanted = [call[2:] for call in screen.calls if call[0] == "setWindowProperty"]
    assert wanted == [
        (cv2.WND_PROP_FULLSCREEN, cv2.WINDOW_FULLSCREEN),
        (cv2.WND_PROP_FULLSCREEN, cv2.WINDOW_NORMAL),
    ]


def test_the_windows_size_changes_by_a_factor(screen: Screen) -> None:
    """But never to nothing."""
    window = WindowSink("a title")
    window.show(PICTURE)
    window.zoom(1.25)
    window.zoom(0.01)
    assert [call for call in screen.calls if call[0] == "resizeWindow"][1:] == [
        ("resizeWindow", "a title", 500, 375),
        ("resizeWindow", "a title", 64, 64),
    ]


def test_keys_for_a_window_that_is_not_there_do_nothing(screen: Screen) -> None:
    """Before the first picture, and after it was closed."""
    window = WindowSink("a title")
    for _ in range(2):
        window.toggle_full_screen()
        window.zoom(2)
        window.is_closed = True
    assert screen.calls == []
    window.discard()


def test_a_window_that_is_put_away_is_noticed(screen: Screen) -> None:
    """At the next key that is waited for."""
    window = WindowSink("a title")
    window.show(PICTURE)
    for is_put_away in (True, False):
        screen.is_put_away = is_put_away
        window.poll_key(1)
        assert window.is_minimised is is_put_away


def test_an_opencv_that_cannot_open_windows_is_an_error(screen: Screen, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where it did not say so in its build information."""

    def fail(*_: object) -> None:
        raise cv2.error("not implemented")

    monkeypatch.setattr(cv2, "namedWindow", fail)
    with pytest.raises(DisplayError, match="built without windows"):
        WindowSink("a title").show(PICTURE)
