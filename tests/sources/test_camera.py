"""Cameras, through a stand-in for OpenCV's capture on systems that are not Linux; test_v4l2_camera.py has the rest."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator
from fractions import Fraction
from itertools import islice
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from livefilter.errors import LivefilterError, OptionError, SourceError
from livefilter.frame import Frame
from livefilter.sources import Source, SourceOptions, open_source

# _devices: the tests replace its folders and timeouts, because there are no cameras.
from livefilter.sources.camera import CameraReader, _devices, camera_exists

ROWS, COLS = 48, 64
DEFAULT = cv2.CAP_V4L2 if sys.platform == "linux" else cv2.CAP_ANY


class Capture:
    """Stands for cv2.VideoCapture, and for the camera behind it: gives so many pictures and then none."""

    made: list[Capture]
    opens = True
    gives = 6
    heeds: tuple[int, ...] = ()
    """The settings that the camera does not ignore."""
    properties: dict[int, float]

    def __init__(self, index: int | None = None) -> None:
        self.constructed_with = index
        self.asked: list[tuple[int, float]] = []
        self.opened: tuple[int, int] | None = None
        self.is_released = False
        self.left = self.gives
        self.state = {cv2.CAP_PROP_FRAME_WIDTH: float(COLS), cv2.CAP_PROP_FRAME_HEIGHT: float(ROWS)} | self.properties
        self.made.append(self)

    def open(self, index: int, backend: int) -> bool:
        """As OpenCV."""
        self.opened = (index, backend)
        return self.opens

    def getBackendName(self) -> str:
        """As OpenCV, on a system that has V4L2 no more than any other has its own."""
        return "MSMF"

    def set(self, setting: int, value: float) -> bool:
        """As OpenCV, where a setting may be refused."""
        self.asked.append((setting, value))
        if setting in self.heeds:
            self.state[setting] = value
        return setting in self.heeds

    def get(self, setting: int) -> float:
        """As OpenCV."""
        return self.state.get(setting, 0.0)

    def grab(self) -> bool:
        """As OpenCV."""
        self.left -= 1
        return self.left >= 0

    def retrieve(self) -> tuple[bool, NDArray[np.uint8] | None]:
        """As OpenCV: BGR, or what the camera sends."""
        return True, self.picture()

    def read(self) -> tuple[bool, NDArray[np.uint8] | None]:
        """As OpenCV."""
        return self.retrieve() if self.grab() else (False, None)

    def picture(self) -> NDArray[np.uint8]:
        """A ramp that moves a little."""
        rows, cols = int(self.state[cv2.CAP_PROP_FRAME_HEIGHT]), int(self.state[cv2.CAP_PROP_FRAME_WIDTH])
        luma = np.tile(np.linspace(16, 235, cols).astype(np.uint8), (rows, 1))
        luma[self.left % rows] = 128
        raw = np.dstack([luma, np.full_like(luma, 128)])
        if self.state.get(cv2.CAP_PROP_CONVERT_RGB, 1.0) == 0.0:
            return raw
        return np.asarray(cv2.cvtColor(raw, cv2.COLOR_YUV2BGR_YUYV), dtype=np.uint8)

    def release(self) -> None:
        """As OpenCV."""
        self.is_released = True


@pytest.fixture
def capture(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[type[Capture]]:
    """A capture class of this test's own in OpenCV's place, and devices for it; its threads have ended at the end."""
    own = type("OwnCapture", (Capture,), {"made": [], "properties": {cv2.CAP_PROP_FPS: 30000 / 1001}})
    monkeypatch.setattr(cv2, "VideoCapture", own)
    monkeypatch.setattr(_devices, "_DEVICES", tmp_path)
    monkeypatch.setattr(_devices, "_PROCESSES", tmp_path)
    for index in range(4):
        (tmp_path / f"video{index}").touch()
    yield own
    for thread in threading.enumerate():
        if thread.name == "livefilter.sources.reader":
            thread.join(20)


def opened(spec: str | int, **options: Any) -> Source:
    """Open a camera that does not wait when it is lost."""
    return open_source(spec, **{"retry_wait_s": 0.001, "give_up_after_s": 0.001, **options})


def test_a_cameras_frames_are_live_gray_and_in_order(capture: type[Capture]) -> None:
    """Times count from the first frame and grow by at least a tick, however fast the camera is."""
    with opened("camera:2") as source:
        frames = list(islice(source, 3))
    assert capture.made[0].opened == (2, DEFAULT)
    assert source.facts.is_live
    assert source.facts.frame_count is None
    assert source.facts.name == "camera 2"
    assert source.facts.shape == (ROWS, COLS)
    assert source.facts.rate == Fraction(30000, 1001)
    assert source.facts.notes == ()
    assert [frame.index for frame in frames] == [0, 1, 2]
    assert all(frame.pixels.shape == (ROWS, COLS) for frame in frames)
    assert frames[0].time_s == 0
    assert frames[0].time_s < frames[1].time_s < frames[2].time_s
    assert frames[0].captured_ns <= frames[1].captured_ns
    assert source.health is not None
    assert all(one.is_released for one in capture.made)


@pytest.mark.parametrize("spec", [1, "1", "camera:1", "/dev/video1", "/dev/v4l/by-id/usb-cam"])
def test_a_camera_has_many_names(
    spec: str | int, capture: type[Capture], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """An index, a device, or one of the links that stay the same wherever the camera is plugged in."""
    link = tmp_path / "usb-cam"
    link.symlink_to(tmp_path / "video1")
    real = os.path.realpath
    monkeypatch.setattr(os.path, "realpath", lambda path: real(str(path).replace("/dev/v4l/by-id", str(tmp_path))))
    with opened(spec) as source:
        next(iter(source))
    assert capture.made[0].opened == (1, DEFAULT)
    assert source.facts.name in ("camera 1", "video1", "usb-cam")


def test_everything_is_asked_once_the_format_first(capture: type[Capture], monkeypatch: pytest.MonkeyPatch) -> None:
    """A camera that heeds it all leaves no note, and its frames have the size that was asked for."""
    every = (cv2.CAP_PROP_FOURCC, cv2.CAP_PROP_FRAME_WIDTH, cv2.CAP_PROP_FRAME_HEIGHT, cv2.CAP_PROP_FPS)
    monkeypatch.setattr(capture, "heeds", every)
    with opened(
        0, size=(72, 96), rate=Fraction(60), fourcc="YUYV", backend="v4l2" * (sys.platform == "linux") or None
    ) as source:
        assert next(iter(source)).pixels.shape == (72, 96)
    assert source.facts.notes == ()
    assert source.facts.rate == 60
    asked = [setting for setting, _ in capture.made[0].asked]
    assert [setting for setting in asked if setting != cv2.CAP_PROP_CONVERT_RGB] == list(every)


def test_a_camera_that_ignores_what_it_is_asked_is_reported(capture: type[Capture]) -> None:
    """By what its picture is, and by what it says of itself; nothing is believed because it was accepted."""
    capture.properties[cv2.CAP_PROP_FOURCC] = float(cv2.VideoWriter.fourcc(*"YUYV"))
    with opened(0, size=(720, 1280), rate=Fraction(60), fourcc="MJPG") as source:
        assert source.facts.notes == (
            "ignores the size 1280x720; it delivers 64x48",
            "ignores the rate of 60 frames per second; it delivers 29.97",
            "ignores the format MJPG; it delivers YUYV",
        )


@pytest.mark.parametrize("reported", [0.0, -1.0, float("nan"), 90000.0])
def test_a_rate_that_cannot_be_true_becomes_30(reported: float, capture: type[Capture]) -> None:
    """Drivers report nonsense; the rate is only nominal, times come from the clock."""
    capture.properties[cv2.CAP_PROP_FPS] = reported
    with opened(0, rate=Fraction(25), fourcc="MJPG") as source:
        assert source.facts.rate == 30
        assert source.facts.notes == (
            "ignores the rate of 25 frames per second; it does not report its rate",
            "ignores the format MJPG; it does not report its format",
        )


@pytest.mark.parametrize("is_heeded", [True, False])
def test_pictures_come_unconverted_where_that_gives_the_same_gray(
    is_heeded: bool, capture: type[Capture], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Within the rounding of the detour through colour; a backend that cannot goes on converting."""
    monkeypatch.setattr(capture, "heeds", (cv2.CAP_PROP_CONVERT_RGB,) if is_heeded else ())
    with opened(0) as source:
        _, frame = islice(source, 2)
    ramp = np.rint((np.linspace(16, 235, COLS).astype(np.uint8) - 16.0) * 255 / 219)
    assert np.median(np.abs(frame.pixels - ramp)) <= 1
    assert frame.pixels.shape == (ROWS, COLS)
    used = capture.made[0].state.get(cv2.CAP_PROP_CONVERT_RGB)
    assert used == (0.0 if is_heeded else None)


def test_pictures_are_converted_again_where_the_raw_ones_are_not_the_same(
    capture: type[Capture], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Raw frames of an unknown format: requested, examined, and not requested again."""
    monkeypatch.setattr(capture, "heeds", (cv2.CAP_PROP_CONVERT_RGB,))
    whole = Capture.picture

    def picture(self: Capture) -> NDArray[np.uint8]:
        given = whole(self)
        return 255 - given if given.shape[2] == 2 else given

    monkeypatch.setattr(capture, "picture", picture)
    with opened(0) as source:
        list(islice(source, 2))
    assert capture.made[0].state[cv2.CAP_PROP_CONVERT_RGB] == 1.0


def test_a_camera_that_stops_is_an_error_once_it_is_given_up(capture: type[Capture]) -> None:
    """Its pictures come first, then it is opened again; both attempts let the device go."""
    with opened(1) as source:
        capture.opens = False
        frames: list[Frame] = []
        with pytest.raises(
            SourceError,
            match="camera 1: giving up after 0 s without a connection; last error: camera 1: cannot be opened",
        ):
            frames.extend(source)
        assert 0 < len(frames) <= capture.gives
    assert len(capture.made) == 2
    assert all(one.is_released for one in capture.made)


def test_a_lost_camera_is_watched_until_its_device_is_back(
    capture: type[Capture], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The wait for the next attempt, of up to ten minutes here, ends when the device appears again."""
    device = tmp_path / "video1"
    looked: list[bool] = []

    def plug_in_after_three_looks(device_of: int | str) -> bool:
        looked.append(camera_exists(device_of))
        if len(looked) == 3:
            device.touch()
        return looked[-1]

    monkeypatch.setattr("livefilter.sources.camera.camera_exists", plug_in_after_three_looks)
    with opened(1, retry_wait_s=600.0, give_up_after_s=None) as source:
        frames = iter(source)
        next(frames)
        device.unlink()
        indexes = [frame.index for frame in islice(frames, 2 * capture.gives)]
    assert indexes[-1] == 2 * capture.gives
    assert looked[:4] == [False, False, False, True]


def test_a_camera_without_pictures_is_refused_and_let_go(
    capture: type[Capture], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It opens, but another program holds it: the device is not kept."""
    monkeypatch.setattr(capture, "gives", 0)
    with pytest.raises(SourceError, match="delivers no frame; another program may use it"):
        opened(0)
    assert capture.made[0].is_released


def test_errors_of_opencv_are_ours(capture: type[Capture], monkeypatch: pytest.MonkeyPatch) -> None:
    """In one line, when it opens and when it reads; the device is let go."""

    def fail(self: Capture) -> bool:
        raise cv2.error("OpenCV: a long\n story")

    reader = CameraReader(0, "cam", SourceOptions())
    reader.read("gray")  # The picture that it opened with.
    monkeypatch.setattr(capture, "grab", fail)
    with pytest.raises(SourceError, match="cam: OpenCV cannot read it: OpenCV: a long story"):
        reader.read("gray")
    reader.close()
    with pytest.raises(SourceError, match="cam: OpenCV cannot read it"):
        CameraReader(0, "cam", SourceOptions())
    assert all(one.is_released for one in capture.made)


def test_a_picture_that_cannot_be_unpacked_is_damaged(capture: type[Capture], monkeypatch: pytest.MonkeyPatch) -> None:
    """A cable that loses bytes costs a picture, not the camera; one that was not even grabbed is empty."""
    monkeypatch.setattr(capture, "heeds", (cv2.CAP_PROP_CONVERT_RGB,))
    monkeypatch.setattr(capture, "gives", 3)
    reader = CameraReader(0, "cam", SourceOptions())
    assert all(reader.read("gray") for _ in range(2))
    monkeypatch.setattr(capture, "picture", lambda self: np.zeros((1, 99), np.uint8))
    torn, none = reader.read("gray"), reader.read("gray")
    assert torn is not None
    assert none is not None
    assert (torn.gray, torn.damaged) == (None, 1)
    assert (none.gray, none.damaged) == (None, 0)
    reader.close()


def test_a_backend_that_does_not_open_a_camera_is_named(capture: type[Capture]) -> None:
    """It may be one that this OpenCV only knows by name."""
    backend = cv2.videoio_registry.getBackendName(cv2.videoio_registry.getCameraBackends()[0])
    capture.opens = False
    with pytest.raises(SourceError, match=f"cannot be opened; .*; only the backend {backend} was tried"):
        opened(0, backend=backend)


def test_a_backend_that_is_not_there_is_refused_with_those_that_are(capture: type[Capture]) -> None:
    """They differ by system and by build of OpenCV."""
    names = [cv2.videoio_registry.getBackendName(one) for one in cv2.videoio_registry.getCameraBackends()]
    with pytest.raises(OptionError, match=f"must be one that this OpenCV has .*{names[0]}.*, found QTKIT"):
        opened(0, backend="QTKIT")


def test_opencv_is_quiet_while_a_camera_is_open_and_as_before_after_it(capture: type[Capture]) -> None:
    """It writes to standard error otherwise; two cameras do not get in each other's way."""
    logging: Any = cv2 if hasattr(cv2, "setLogLevel") else cv2.utils.logging
    before = logging.getLogLevel()
    first, second = (CameraReader(index, "cam", SourceOptions()) for index in (0, 1))
    assert logging.getLogLevel() == 0
    first.close()
    assert logging.getLogLevel() == 0
    second.close()
    assert logging.getLogLevel() == before


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere cameras have no paths")
@pytest.mark.parametrize("spec", [93, "/dev/video93", "/dev/v4l/by-id/usb-nothing"])
def test_a_camera_that_does_not_exist_is_refused_without_noise(
    spec: str | int, capfd: pytest.CaptureFixture[str]
) -> None:
    """The real OpenCV would be asked, and writes nothing; the message says what to try."""
    with pytest.raises(LivefilterError, match=r"(does not exist|no such camera).*'livefilter devices' lists them"):
        open_source(spec)
    assert capfd.readouterr().err == ""


def test_on_a_mac_the_main_thread_asks_for_permission(capture: type[Capture], monkeypatch: pytest.MonkeyPatch) -> None:
    """The system asks only the main thread; the camera is opened once for that, and released."""
    monkeypatch.setattr(sys, "platform", "darwin")
    with opened(3) as source:
        next(iter(source))
    assert [one.constructed_with for one in capture.made] == [3, None]
    assert capture.made[0].is_released
