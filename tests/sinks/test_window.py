"""The window, with stand-ins for OpenCV's calls; a real one is tested with the command line."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import cv2
import numpy as np
import pytest

from livefilter.errors import DisplayError
from livefilter.frame import Frame
from livefilter.kernels import EdgeScore
from livefilter.sinks import WindowSink

PICTURE = np.zeros((4, 6), np.uint8)


class Screen:
    """What OpenCV's windows would do."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.calls: list[tuple[Any, ...]] = []
        self.code = -1
        self.visit, self._server = socket.socketpair()
        self.visible: float | None = 1.0
        patch.setattr("livefilter.sinks._window.visit_display", lambda: self.visit)
        patch.setattr("time.sleep", lambda seconds: self.calls.append(("sleep", seconds)))
        for name in ("namedWindow", "resizeWindow", "imshow", "destroyWindow", "waitKey"):
            patch.setattr(cv2, name, lambda *arguments, name=name: self.calls.append((name, *arguments)))
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

    def close(self) -> None:
        """Close both ends."""
        self.visit.close()
        self._server.close()


@pytest.fixture
def screen(monkeypatch: pytest.MonkeyPatch) -> Iterator[Screen]:
    """A screen for one test."""
    made = Screen(monkeypatch)
    yield made
    made.close()


def test_the_display_is_kept_until_the_window_is_there(screen: Screen) -> None:
    """An X server that its last client leaves starts over, and hangs up on who comes meanwhile."""
    window = WindowSink("a title")
    assert screen.visit.fileno() >= 0
    window.show(PICTURE)
    assert screen.visit.fileno() == -1


def test_the_display_is_left_also_without_a_window(screen: Screen) -> None:
    """Whoever opens, closes."""
    WindowSink("a title").discard()
    assert screen.visit.fileno() == -1


def test_the_first_picture_opens_the_window_in_its_size(screen: Screen) -> None:
    """There is no empty window while something is compiled; columns come first for OpenCV."""
    window = WindowSink("a title")
    assert screen.calls == []
    window.show(PICTURE)
    window.show(PICTURE)
    assert screen.names == ["namedWindow", "resizeWindow", "imshow", "imshow"]
    assert screen.calls[1] == ("resizeWindow", "a title", 6, 4)


def test_every_frame_written_is_shown(screen: Screen) -> None:
    """And leaving the block closes the window, once, with a turn of its loop."""
    with WindowSink("a title") as window:
        for index in range(2):
            window.write(Frame(PICTURE, index, Fraction(index), 0), EdgeScore(0, 0, 0))
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


def test_an_opencv_that_cannot_open_windows_is_an_error(screen: Screen, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where it did not say so in its build information."""

    def fail(*_: object) -> None:
        raise cv2.error("not implemented")

    monkeypatch.setattr(cv2, "namedWindow", fail)
    with pytest.raises(DisplayError, match="built without windows"):
        WindowSink("a title").show(PICTURE)
