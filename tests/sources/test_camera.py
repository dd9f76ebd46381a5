"""Cameras: without any camera, through a stand-in for OpenCV's capture."""

from __future__ import annotations

from fractions import Fraction
from itertools import islice

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from livefilter.errors import SourceError
from livefilter.sources import open_source
from livefilter.sources._camera import Camera


class Capture:
    """Stands for cv2.VideoCapture: gives so many pictures and then fails."""

    is_there = True
    gives = 4
    rate = 30000 / 1001
    is_gray = False
    made: list[Capture]

    def __init__(self, index: int) -> None:
        self.index = index
        self.is_released = False
        self.left = self.gives
        self.made.append(self)

    def isOpened(self) -> bool:
        """As OpenCV."""
        return self.is_there

    def set(self, setting: int, value: float) -> bool:
        """As OpenCV, where a setting may be refused."""
        return False

    def get(self, setting: int) -> float:
        """As OpenCV."""
        return self.rate if setting == cv2.CAP_PROP_FPS else 0.0

    def read(self) -> tuple[bool, NDArray[np.uint8] | None]:
        """As OpenCV."""
        if self.left == 0:
            return False, None
        self.left -= 1
        return True, np.full((4, 6) if self.is_gray else (4, 6, 3), 50 + self.left, np.uint8)

    def release(self) -> None:
        """As OpenCV."""
        self.is_released = True


@pytest.fixture
def capture(monkeypatch: pytest.MonkeyPatch) -> type[Capture]:
    """A capture class of this test's own, in OpenCV's place."""
    own = type("OwnCapture", (Capture,), {"made": []})
    monkeypatch.setattr(cv2, "VideoCapture", own)
    return own


def test_a_camera_that_does_not_exist_is_refused_without_noise(capfd: pytest.CaptureFixture[str]) -> None:
    """OpenCV itself is asked, its own warnings are held back, and the message says what to try."""
    with pytest.raises(SourceError, match="camera 93: cannot be opened; is it plugged in"):
        open_source(93)
    assert capfd.readouterr().err == ""


def test_a_cameras_frames_are_live_gray_and_in_order(capture: type[Capture]) -> None:
    """Times count from the first frame and grow by at least a tick, however fast the camera is."""
    with open_source("camera:2") as source:
        frames = list(islice(source, 3))
    assert capture.made[0].index == 2
    assert source.facts.is_live
    assert source.facts.frame_count is None
    assert source.facts.name == "camera 2"
    assert source.facts.shape == (4, 6)
    assert source.facts.rate == Fraction(30000, 1001)
    assert [frame.index for frame in frames] == [0, 1, 2]
    assert all(frame.pixels.shape == (4, 6) for frame in frames)
    assert frames[0].time_s == 0
    assert frames[0].time_s < frames[1].time_s < frames[2].time_s
    assert capture.made[0].is_released


def test_a_camera_may_be_gray(capture: type[Capture], monkeypatch: pytest.MonkeyPatch) -> None:
    """Infrared and industrial cameras have no colours."""
    monkeypatch.setattr(capture, "is_gray", True)
    with Camera(0) as source:
        assert next(iter(source)).pixels.shape == (4, 6)


@pytest.mark.parametrize("reported", [0.0, -1.0, float("nan"), 90000.0])
def test_a_rate_that_cannot_be_true_becomes_30(
    reported: float, capture: type[Capture], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Drivers report nonsense; the rate is only nominal, times come from the clock."""
    monkeypatch.setattr(capture, "rate", reported)
    with Camera(0) as source:
        assert source.facts.rate == 30


def test_a_camera_that_stops_is_an_error_that_tells_after_how_many_frames(capture: type[Capture]) -> None:
    """One picture is used up by opening; the three others come, then the source breaks."""
    with Camera(1) as source:
        frames = iter(source)
        assert [next(frames).index for _ in range(3)] == [0, 1, 2]
        with pytest.raises(SourceError, match="camera 1: stopped giving pictures after 3 frames"):
            next(frames)


def test_a_camera_without_pictures_is_refused_and_let_go(
    capture: type[Capture], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It opens, but another program holds it: the device is not kept."""
    monkeypatch.setattr(capture, "gives", 0)
    with pytest.raises(SourceError, match="gives no picture; is another program using it"):
        Camera(0)
    assert capture.made[0].is_released
