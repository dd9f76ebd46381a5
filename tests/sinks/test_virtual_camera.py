"""A virtual camera, with a stand-in for the driver, which no test machine has."""

from __future__ import annotations

import subprocess
import sys
import threading
from contextlib import ExitStack
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from livefilter.analysis import Result
from livefilter.errors import MissingPackageError, SinkError
from livefilter.frame import Frame
from livefilter.kernels import EdgeScore
from livefilter.sinks import VirtualCameraSink
from livefilter.testing import running

SHAPE = (6, 8)
SCORE = EdgeScore(0, 0, 0)


class Driver:
    """What pyvirtualcam would be, with a file in the place of the device."""

    PixelFormat = SimpleNamespace(GRAY="gray", BGR="bgr")

    def __init__(self, device: Path) -> None:
        self.device = device
        device.touch()
        self.asked: dict[str, Any] = {}
        self.sent: list[NDArray[np.uint8]] = []
        self.closed = 0
        self.fails: Exception | None = None

    def Camera(self, **asked: Any) -> Any:
        """Open it."""
        if self.fails is not None:
            raise self.fails
        self.asked = asked
        return self

    def send(self, pixels: NDArray[np.uint8]) -> None:
        """Take a picture."""
        if self.fails is not None:
            raise self.fails
        self.sent.append(pixels)

    def close(self) -> None:
        """Note it."""
        self.closed += 1


@pytest.fixture
def driver(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Driver:
    """A driver that works."""
    made = Driver(tmp_path / "video9")
    monkeypatch.setitem(sys.modules, "pyvirtualcam", made)
    return made


def test_pictures_reach_the_camera_in_its_size(driver: Driver) -> None:
    """Gray, at the source's rate; another size is scaled into it."""
    with VirtualCameraSink(SHAPE, rate=Fraction(30000, 1001)) as sink:
        assert sink.target == str(driver.device)
        for index, shape in enumerate((SHAPE, (3, 4))):
            sink.write(Result.unfiltered(Frame(np.full(shape, 7, np.uint8), index, Fraction(index), 0), SCORE))
        assert driver.closed == 0
    assert driver.closed == 1
    asked = driver.asked
    assert (asked["width"], asked["height"], round(asked["fps"], 2), asked["fmt"]) == (8, 6, 29.97, "gray")
    assert [sent.shape for sent in driver.sent] == [SHAPE, SHAPE]
    assert (driver.sent[1] == 7).all()


def test_a_camera_is_gray_or_in_colour_as_a_whole(driver: Driver) -> None:
    """As it was opened; what comes in the other way is converted, since programs that read it cannot follow."""
    bgr, gray = np.zeros((*SHAPE, 3), np.uint8), np.full(SHAPE, 7, np.uint8)
    bgr[..., 2] = 200
    for shape, format_ in ((SHAPE, "gray"), ((*SHAPE, 3), "bgr")):
        driver.sent.clear()
        with VirtualCameraSink(shape, rate=Fraction(25)) as sink:
            for index, picture in enumerate((gray, bgr)):
                sink.write(Result.unfiltered(Frame(picture, index, Fraction(index), 0), SCORE))
        assert (driver.asked["fmt"], driver.asked["width"], driver.asked["height"]) == (format_, 8, 6)
        assert [sent.shape for sent in driver.sent] == [shape] * 2
        assert driver.sent[0].min() == driver.sent[0].max() == 7
        assert driver.sent[1][0, 0].tolist() == (60 if format_ == "gray" else [0, 0, 200])


def test_a_camera_that_was_taken_away_takes_nothing(driver: Driver) -> None:
    """The driver closes it once, it has no readers, and the sink refuses pictures."""
    sink = VirtualCameraSink(SHAPE, rate=Fraction(25))
    sink.finish()
    sink.finish()
    sink.discard()
    with pytest.raises(SinkError, match="is closed"):
        sink.write(Result.unfiltered(Frame(np.zeros(SHAPE, np.uint8), 0, Fraction(0), 0), SCORE))
    assert not sink.has_consumer
    assert (driver.closed, driver.sent) == (1, [])


def test_a_camera_is_not_taken_away_under_a_picture(driver: Driver, monkeypatch: pytest.MonkeyPatch) -> None:
    """A thread that finishes the sink waits for the one that is sending."""
    is_sending, may_go, is_finished = threading.Event(), threading.Event(), threading.Event()
    closed_before: list[int] = []

    def send(pixels: NDArray[np.uint8]) -> None:
        is_sending.set()
        assert may_go.wait(30)
        closed_before.append(driver.closed)

    monkeypatch.setattr(driver, "send", send)
    sink = VirtualCameraSink(SHAPE, rate=Fraction(25))
    frame = Frame(np.zeros(SHAPE, np.uint8), 0, Fraction(0), 0)
    writer = threading.Thread(target=sink.write, args=(Result.unfiltered(frame, SCORE),), daemon=True)
    writer.start()
    assert is_sending.wait(30)

    def finish() -> None:
        sink.finish()
        is_finished.set()

    finisher = threading.Thread(target=finish, daemon=True)
    finisher.start()
    assert not is_finished.wait(0.2)
    may_go.set()
    assert is_finished.wait(30)
    writer.join(30)
    assert (closed_before, driver.closed) == ([0], 1)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells who reads a device")
def test_it_is_known_whether_anybody_reads_it(driver: Driver) -> None:
    """Who came before, who comes, and who goes."""
    pytest.importorskip("inotify_simple")
    hold = "import sys; file = open(sys.argv[1]); print(flush=True); sys.stdin.read()"
    command = [sys.executable, "-c", hold, str(driver.device)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with ExitStack() as ending:
        before = ending.enter_context(running(command, **pipes))
        assert before.stdout is not None
        before.stdout.readline()
        sink = ending.enter_context(VirtualCameraSink(SHAPE, rate=Fraction(30)))
        seen = [sink.has_consumer]
        before.communicate(timeout=100)
        seen.append(sink.has_consumer)
        with driver.device.open("rb"), driver.device.open("rb"):
            seen.append(sink.has_consumer)
        seen.append(sink.has_consumer)
    assert seen == [True, False, True, False]


def test_where_nobody_tells_it_counts_as_read(driver: Driver, monkeypatch: pytest.MonkeyPatch) -> None:
    """On other systems."""
    monkeypatch.setattr(sys, "platform", "darwin")
    with VirtualCameraSink(SHAPE, rate=Fraction(30)) as sink:
        assert sink.has_consumer


@pytest.mark.parametrize(
    ("platform", "cure"),
    [("linux", "v4l2loopback-dkms"), ("darwin", "OBS Studio"), ("win32", "OBS Studio"), ("sunos5", "pyvirtualcam")],
)
def test_a_missing_driver_says_how_to_install_it_on_this_system(
    platform: str, cure: str, driver: Driver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With what every backend had to say, on one line."""
    monkeypatch.setattr(sys, "platform", platform)
    driver.fails = RuntimeError("'a' backend: none\n'b' backend: none")
    with pytest.raises(SinkError, match=f"virtual camera: 'a' backend: none 'b' backend: none; .*{cure}"):
        VirtualCameraSink(SHAPE, rate=Fraction(30))


def test_a_missing_package_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """The command, in the error."""
    monkeypatch.setitem(sys.modules, "pyvirtualcam", None)
    with pytest.raises(MissingPackageError, match=r"pip install 'livefilter\[virtual-camera\]'"):
        VirtualCameraSink(SHAPE, rate=Fraction(30))


def test_a_camera_that_is_taken_away_is_an_error(driver: Driver) -> None:
    """The device may be unloaded."""
    sink = VirtualCameraSink(SHAPE, rate=Fraction(30))
    driver.fails = OSError("no such device")
    with pytest.raises(SinkError, match="cannot be written: no such device"):
        sink.write(Result.unfiltered(Frame(np.zeros(SHAPE, np.uint8), 0, Fraction(0), 0), SCORE))
    sink.discard()
    assert driver.closed == 1
