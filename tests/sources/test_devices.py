"""Which cameras there are, and why one cannot be had."""

from __future__ import annotations

import errno
import os
import sys
from fractions import Fraction
from pathlib import Path
from types import ModuleType, SimpleNamespace

import cv2
import pytest

from livefilter.errors import SourceError
from livefilter.sources import CameraFacts, Mode, OpenAttempt, list_cameras, probe_cameras

# _devices: the tests replace its folders and timeouts, because there are no cameras.
from livefilter.sources.camera import Capabilities, _devices
from livefilter.testing import running

on_linux = pytest.mark.skipif(sys.platform != "linux", reason="devices are files only there")
MODES = (Mode("YUYV", (480, 640), None, (Fraction(30),)),)


@pytest.fixture
def devices(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder in the place of /dev."""
    folder = tmp_path / "dev"
    folder.mkdir()
    monkeypatch.setattr(_devices, "_DEVICES", folder)
    return folder


@on_linux
def test_on_linux_the_drivers_are_asked(devices: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the order of their numbers; nodes for metadata are left out, a link that stays the same is the path."""
    for name in ("video10", "video2", "video3", "videocodec", "video"):
        (devices / name).touch()
    (devices / "v4l/by-id").mkdir(parents=True)
    (devices / "v4l/by-id/usb-Webcam-index0").symlink_to(devices / "video2")
    capabilities = {"video2": Capabilities("Webcam", "uvcvideo", "usb-1", MODES), "video3": None}

    def describe(descriptor: int, ioctl: object) -> Capabilities | None:
        assert callable(ioctl)
        name = Path(os.readlink(f"/proc/self/fd/{descriptor}")).name
        if name not in capabilities:
            raise OSError(errno.ENOTTY, "Inappropriate ioctl for device")
        return capabilities[name]

    monkeypatch.setattr(_devices, "describe", describe)
    assert list_cameras() == [
        CameraFacts(2, "Webcam", str(devices / "v4l/by-id/usb-Webcam-index0"), "uvcvideo, usb-1", MODES),
        CameraFacts(
            10, "video10", str(devices / "video10"), "", problem="does not answer: Inappropriate ioctl for device"
        ),
    ]


@on_linux
def test_a_file_that_is_no_device_does_not_answer(devices: Path) -> None:
    """Asked by the real ioctl, which the kernel refuses; no descriptor stays open."""
    (devices / "video0").touch()
    before = len(os.listdir("/proc/self/fd"))
    [camera] = list_cameras()
    assert camera.problem is not None
    assert camera.problem.startswith("does not answer: Inappropriate ioctl")
    assert len(os.listdir("/proc/self/fd")) == before


@on_linux
def test_a_camera_without_permission_is_listed_with_the_cure(devices: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The device's own group is what the user must join."""
    (devices / "video0").touch()

    def refuse(path: Path, flags: int) -> int:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(os, "open", refuse)
    monkeypatch.setattr(_devices, "owning_group", lambda path: "video")
    [camera] = list_cameras()
    assert camera.problem == "Permission denied; sudo usermod -aG video $USER, then log in again"


@on_linux
def test_a_camera_that_is_used_by_another_program_names_it(devices: Path) -> None:
    """A real process has the device open; one's own does not count."""
    device = devices / "video0"
    device.touch()
    with device.open() as own, running(["sleep", "60"], stdin=own) as program:
        assert _devices.open_failure_reason(0) == (
            f"cannot be opened; it is in use by sleep (process {program.pid}); close that program first"
        )
    assert "check that it is plugged in, not in use, and permitted" in _devices.open_failure_reason(0)


@on_linux
def test_a_camera_that_was_pulled_out_is_told_from_one_that_fails(devices: Path) -> None:
    """By its file, which is there only while the camera is; a path is as good as a number."""
    (devices / "video0").touch()
    assert _devices.disconnect_reason(0) is None
    assert _devices.camera_exists(0)
    assert _devices.camera_exists(str(devices / "video0"))
    (devices / "video0").unlink()
    assert _devices.disconnect_reason(0) == f"unplugged ({devices}/video0 is gone)"
    assert not _devices.camera_exists(0)
    assert not _devices.camera_exists(str(devices / "video0"))


def test_elsewhere_nothing_is_known_of_a_camera_before_it_is_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    """So every attempt is worth it, and no reason is made up."""
    monkeypatch.setattr(sys, "platform", "darwin")
    assert _devices.camera_exists(5)
    assert _devices.disconnect_reason(5) is None
    assert _devices.modes_of(5, "cam") == ()
    assert _devices.row_padding_notes(5) == ()


@on_linux
def test_a_camera_that_may_not_be_used_names_the_group(devices: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before OpenCV is asked, which would only say no."""
    (devices / "video0").touch()
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    monkeypatch.setattr(_devices, "owning_group", lambda path: "video")
    with pytest.raises(SourceError, match=r"cam: no permission for .*video0; sudo usermod -aG video \$USER"):
        _devices.camera_index(0, "cam")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such groups")
def test_the_group_of_a_device_is_told_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A group without a name, as in containers, is taken for the usual one."""
    import grp

    assert _devices.owning_group(tmp_path) == grp.getgrgid(tmp_path.stat().st_gid).gr_name

    def unknown(number: int) -> None:
        raise KeyError(number)

    monkeypatch.setattr(grp, "getgrgid", unknown)
    assert _devices.owning_group(tmp_path) == "video"


def elsewhere(monkeypatch: pytest.MonkeyPatch, opens: dict[int, str]) -> list[int]:
    """Make this a machine that is not Linux, where these cameras open; return what is tried."""
    tried: list[int] = []

    def try_them(indices: list[int]) -> dict[int, OpenAttempt]:
        tried.extend(indices)
        return {index: OpenAttempt(opens.get(index, ""), None if index in opens else "is busy") for index in indices}

    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.setattr(_devices, "probe_cameras", try_them)
    return tried


def test_elsewhere_cameras_are_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the library there are no names, only what opens."""
    monkeypatch.setitem(sys.modules, "cv2_enumerate_cameras", None)
    tried = elsewhere(monkeypatch, {1: "640 x 480 at 30 fps"})
    assert list_cameras() == [CameraFacts(1, "camera 1", "", "640 x 480 at 30 fps")]
    assert tried == list(range(10))


def test_elsewhere_the_library_names_them(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only those of the backend that OpenCV would take are tried; one that does not open is reported with its name."""
    usual = int(cv2.videoio_registry.getCameraBackends()[-1])
    found = [SimpleNamespace(index=0, name="FaceTime", path="0x1"), SimpleNamespace(index=1, name="Capture", path=None)]
    library = ModuleType("cv2_enumerate_cameras")
    library.supported_backends = (usual, 9999)  # type: ignore[attr-defined]
    library.enumerate_cameras = lambda backend: found if backend == usual else []  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "cv2_enumerate_cameras", library)
    tried = elsewhere(monkeypatch, {0: "1280 x 720 at 30 fps"})
    first, second = list_cameras()
    assert first == CameraFacts(0, "FaceTime", "0x1", "1280 x 720 at 30 fps")
    assert second == CameraFacts(1, "Capture", "", "", problem="is busy")
    assert tried == [0, 1]


def test_a_camera_is_tried_in_a_process_that_may_crash(monkeypatch: pytest.MonkeyPatch) -> None:
    """What it prints is the result; a SourceError is reported, and a crash is called one."""
    monkeypatch.setattr(_devices, "_PROBE_TIMEOUT_S", 60)
    trial = "import sys, os\nprint('fine') if sys.argv[1] == '0' else os._exit(9)"
    monkeypatch.setattr(_devices, "_PROBE_SCRIPT", trial)
    assert probe_cameras([0, 1]) == {
        0: OpenAttempt("fine", None),
        1: OpenAttempt("", "opening it crashes the driver or OpenCV; unplug it and plug it in again"),
    }
    monkeypatch.setattr(
        _devices, "_PROBE_SCRIPT", "import sys\nprint('camera 2: is busy', file=sys.stderr)\nsys.exit(3)"
    )
    assert probe_cameras([2]) == {2: OpenAttempt("", "is busy")}


def test_a_camera_that_hangs_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its process is ended, and that is its problem."""
    monkeypatch.setattr(_devices, "_PROBE_TIMEOUT_S", 0)
    monkeypatch.setattr(_devices, "_PROBE_SCRIPT", "import time\ntime.sleep(100)")
    assert probe_cameras([3]) == {3: OpenAttempt("", "does not open within 0 s; unplug it and plug it in again")}
