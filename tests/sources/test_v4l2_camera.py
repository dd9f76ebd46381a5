"""Cameras on Linux, through OpenCV's own V4L2 backend: the driver below it is tests/sources/v4l2_camera.c."""

from __future__ import annotations

import json
import os
import platform
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from livefilter.sources import expansion_lut

HERE = Path(__file__).parent
ROWS, COLS, RATE = 120, 160, 30
MODE = f"{COLS}x{ROWS} {RATE}"
PERIOD_NS = 1_000_000_000 / RATE
LONG_S = 20.0
"""For what takes a moment, on a machine that does other things too."""


@dataclass
class Machine:
    """A machine of its own, whose /dev is a folder, and a program on it that uses cameras."""

    folder: Path
    library: Path
    _program: subprocess.Popen[str] | None = None
    _started: list[subprocess.Popen[str]] = field(default_factory=list)

    @property
    def environment(self) -> dict[str, str]:
        """Of programs on it."""
        return {**os.environ, "LD_PRELOAD": str(self.library), "V4L2_CAMERAS": str(self.folder / "dev")}

    def plug(self, *lines: str, number: int = 0) -> Path:
        """Plug in a camera, or change one that is there."""
        device = self.folder / "dev" / f"video{number}"
        device.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return device

    def use(self, count: int = 8, *, spec: str = "0", then: tuple[Any, ...] = (), **options: Any) -> dict[str, Any]:
        """Let the program take frames from a camera, and return what came of it: ``pixels`` is gray."""
        if self._program is None:
            with (self.folder / "said").open("w") as said:
                self._program = subprocess.Popen(
                    [sys.executable, str(HERE / "v4l2_user.py")],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=said,
                    env=self.environment,
                    text=True,
                )
        assert self._program.stdin is not None
        assert self._program.stdout is not None
        into = self.folder / "frames.npy"
        asked = {"spec": spec, "count": count, "into": str(into), "options": options, "then": then}
        print(json.dumps(asked), file=self._program.stdin, flush=True)
        answer: dict[str, Any] = json.loads(self._program.stdout.readline())
        if answer["captured_ns"]:
            answer["pixels"] = np.load(into)
        if set(answer.get("channels", ())) == {3}:
            answer["bgr"] = np.load(into.with_suffix(".bgr.npy"))
        assert not [name for name in answer["threads"] if name.startswith("livefilter")], "a thread was left behind"
        return answer

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start livefilter's command line."""
        started = subprocess.Popen(
            [sys.executable, "-m", "livefilter", *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=self.environment,
            text=True,
        )
        self._started.append(started)
        return started

    def run(self, *arguments: str) -> tuple[int, str, str]:
        """Run livefilter's command line; return its exit code, its results and its messages."""
        started = self.start(*arguments)
        out, err = started.communicate(timeout=100)
        return started.returncode, out, err

    def unplug_all(self) -> None:
        """Leave the machine as it was."""
        for started in self._started:
            if started.poll() is None:
                started.kill()
            started.communicate(timeout=100)
        self._started.clear()
        shutil.rmtree(self.folder / "dev")
        (self.folder / "dev").mkdir()

    def said(self) -> str:
        """Return what the program, or OpenCV in it, wrote to standard error."""
        return (self.folder / "said").read_text(encoding="utf-8")

    def close(self) -> None:
        """End the program."""
        if self._program is not None:
            self._program.communicate(timeout=100)


@pytest.fixture(scope="module")
def only_machine(tmp_path_factory: pytest.TempPathFactory, require: Callable[[object, str], None]) -> Iterator[Machine]:
    """The machine; its driver is compiled once."""
    if sys.platform != "linux":
        pytest.skip("V4L2 is Linux's")
    compiler = shutil.which("gcc")
    require(compiler and Path("/usr/include/linux/videodev2.h").exists(), "needs gcc and Linux's headers")
    libc, _, version = " ".join(platform.libc_ver()).partition(" ")
    is_new = libc == "glibc" and tuple(map(int, version.split("."))) >= (2, 33)
    require(is_new, "needs glibc 2.33 or newer, whose stat can be stood in front of")
    folder = tmp_path_factory.mktemp("machine")
    (folder / "dev").mkdir()
    library = folder / "camera.so"
    options = ("-O2", "-Wall", "-Werror", "-shared", "-fPIC")
    command = [str(compiler), *options, "-o", str(library), str(HERE / "v4l2_camera.c"), "-ldl", "-lpthread"]
    subprocess.run(command, check=True, timeout=100)
    machine = Machine(folder, library)
    yield machine
    machine.close()


@pytest.fixture
def machine(only_machine: Machine) -> Iterator[Machine]:
    """The machine, without any camera at first; only livefilter's own words stand on its standard error at the end."""
    yield only_machine
    only_machine.unplug_all()


def luma(number: int, rows: int = ROWS, cols: int = COLS) -> NDArray[np.uint8]:
    """Return what the driver puts into its picture of that number."""
    row, col = np.mgrid[:rows, :cols]
    stored = 24 + (row + 2 * col) % 200
    top = number * 2 % (rows - 16)
    stored[top : top + 16, :16] = 235
    for bit in range(min(16, cols // 4)):
        stored[rows - 4 :, bit * 4 : bit * 4 + 4] = 235 if number >> bit & 1 else 16
    return np.asarray(stored, dtype=np.uint8)


def number_of(pixels: NDArray[np.uint8]) -> int:
    """Read the number that stands in a picture."""
    return sum(int(pixels[-2, bit * 4 + 1] > 126) << bit for bit in range(min(16, pixels.shape[1] // 4)))


def numbers(answer: dict[str, Any]) -> list[int]:
    """Return the numbers of the pictures that came."""
    return [number_of(pixels) for pixels in answer["pixels"]]


def assert_exact(pictures: NDArray[np.uint8], *, is_full_range: bool, tolerance: int = 0) -> None:
    """Each is what the driver put into it."""
    for pixels in pictures:
        expected = expansion_lut(is_full_range=is_full_range)[luma(number_of(pixels), *pixels.shape)]
        assert np.abs(pixels.astype(int) - expected).max() <= tolerance


def assert_in_turn(found: list[int], turn: list[int]) -> None:
    """They are those of a turn, over and over, from anywhere on."""
    start = turn.index(found[0])
    assert found == [turn[(start + step) % len(turn)] for step in range(len(found))]


def jpegs(
    folder: Path,
    count: int,
    broken: Callable[[int, bytes], bytes] = lambda number, jpeg: jpeg,
    size: tuple[int, int] = (ROWS, COLS),
) -> str:
    """Write JPEG pictures, some of them broken, and return the camera's line that names them."""
    folder.mkdir()
    for number in range(count):
        _, jpeg = cv2.imencode(".jpg", luma(number, *size), [cv2.IMWRITE_JPEG_QUALITY, 98])
        (folder / f"{number}.jpg").write_bytes(broken(number, jpeg.tobytes()))
    return f"jpegs {count} {folder}"


@pytest.mark.parametrize(
    ("format_", "is_full_range"), [("YUYV", False), ("NV12", False), ("GREY", True)], ids=lambda value: str(value)
)
def test_gray_is_the_cameras_own_luma(format_: str, is_full_range: bool, machine: Machine) -> None:
    """Unconverted from the second picture on, to the level; the first one went through OpenCV's colours."""
    machine.plug(f"mode {format_} {MODE}")
    answer = machine.use()
    assert_exact(answer["pixels"][:1], is_full_range=is_full_range, tolerance=4)
    assert_exact(answer["pixels"][1:], is_full_range=is_full_range)
    assert answer["notes"] == []
    assert answer["rate"] == str(RATE)


def colours(pictures: NDArray[np.uint8], *, is_full_range: bool) -> NDArray[np.float64]:
    """Return the BGR of what the driver puts into its pictures, by the equations of BT.601."""
    red = np.where(np.arange(ROWS) < ROWS // 2, 122.0, 136.0)[:, np.newaxis] - 128
    blue = np.where(np.arange(ROWS) < ROWS // 2, 136.0, 122.0)[:, np.newaxis] - 128
    if not is_full_range:
        red, blue = red * 255 / 224, blue * 255 / 224
    found = []
    for gray in pictures:
        stored = luma(number_of(gray)).astype(float)
        y = stored if is_full_range else (stored - 16) * 255 / 219
        found.append(np.dstack([y + 1.772 * blue, y - 0.344136 * blue - 0.714136 * red, y + 1.402 * red]))
    return np.stack(found).clip(0, 255)


@pytest.mark.parametrize("format_", ["YUYV", "NV12", "YU12", "MJPG"])
def test_colors_come_with_the_same_gray(format_: str, machine: Machine, tmp_path: Path) -> None:
    """From the same bytes, from the first picture on. MJPEG loses a little, and is of full range."""
    is_jpeg = format_ == "MJPG"
    lines = []
    if is_jpeg:
        lines.append(jpegs(tmp_path / "jpegs", 16, lambda number, _: coloured_jpeg(number)))
    machine.plug(f"mode {format_} {MODE}", *lines)
    plain, coloured = machine.use(), machine.use(color="rgb")
    assert plain["channels"] == [2] * 8
    assert coloured["channels"] == [3] * 8
    if not is_jpeg:
        assert_exact(plain["pixels"][1:], is_full_range=False)
        assert_exact(coloured["pixels"][1:], is_full_range=False)
    else:
        by_number = dict(zip(numbers(plain), plain["pixels"], strict=True))
        shared = [at for at in range(1, 8) if numbers(coloured)[at] in numbers(plain)[1:]]
        assert shared
        for at in shared:
            np.testing.assert_array_equal(coloured["pixels"][at], by_number[numbers(coloured)[at]])
    difference = np.abs(coloured["bgr"] - colours(coloured["pixels"], is_full_range=is_jpeg))
    assert difference[1:].max() <= 2 if not is_jpeg else np.median(difference) <= 2


def coloured_jpeg(number: int) -> bytes:
    """Return what a camera with colors sends as JPEG."""
    gray = expansion_lut(is_full_range=True)[luma(number)]
    picture = np.rint(colours(gray[np.newaxis], is_full_range=True)[0]).astype(np.uint8)
    return bytes(cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 98])[1].tobytes())


def test_a_camera_without_colors_gives_gray_whatever_is_asked(machine: Machine) -> None:
    """OpenCV would make BGR of the first picture, so that a recording changed after it."""
    machine.plug(f"mode GREY {MODE}")
    assert machine.use(color="rgb")["channels"] == [2] * 8


@pytest.mark.skipif(
    cv2.__version__ < "5", reason="OpenCV 4 puts bytes between the rows of such frames that the camera did not send"
)
@pytest.mark.parametrize("size", ["162x121", "161x119"])
def test_odd_sizes_are_no_matter(size: str, machine: Machine) -> None:
    """Neither an odd number of rows nor one of columns shifts anything."""
    format_ = "GREY" if size.startswith("161") else "YUYV"
    machine.plug(f"mode {format_} {size} {RATE}")
    assert_exact(machine.use()["pixels"][1:], is_full_range=format_ == "GREY")


def test_no_picture_is_lost_between_driver_and_frame(machine: Machine) -> None:
    """A driver that needs nearly the whole period for a picture would lose half of them with a single buffer."""
    machine.plug(f"mode YUYV {MODE}", "transfer 0.95")
    taken = numbers(machine.use(30))
    assert taken[0] <= 2
    assert taken[-1] - taken[0] <= 35, "some may be late on a machine that does other things"


def test_times_are_the_drivers(machine: Machine) -> None:
    """A frame's time is when the camera took it, not when it arrived: as even as the camera, to the microsecond."""
    machine.plug(f"mode YUYV {MODE}")
    answer = machine.use(20)
    taken = np.array(numbers(answer))
    since_ns = np.array(answer["captured_ns"]) - answer["captured_ns"][0]
    np.testing.assert_allclose(since_ns, (taken - taken[0]) * PERIOD_NS, atol=2_000)
    np.testing.assert_allclose(answer["times_s"], since_ns / 1e9, atol=2e-5)


def test_times_of_another_clock_are_not_believed(machine: Machine) -> None:
    """A driver that stamps by the calendar: what counts is when its pictures came."""
    machine.plug(f"mode YUYV {MODE}", "clock 0")
    answer = machine.use()
    assert all(0 < one < answer["took_s"] * 1e9 for one in answer["captured_ns"])
    assert answer["times_s"] == sorted(answer["times_s"])


def test_a_camera_opens_within_two_pictures(machine: Machine) -> None:
    """Nothing else is waited for: no other backend is tried, no picture is only looked at."""
    machine.plug("mode YUYV 640x480 30")
    assert machine.use(2)["first_s"] < 0.5


def test_what_is_asked_is_set_once_and_heeded(machine: Machine, tmp_path: Path) -> None:
    """Size, rate and format; the driver is not made to give its buffers back more often than for each of these."""
    log, pictures = tmp_path / "log", jpegs(tmp_path / "jpegs", 3, size=(480, 640))
    machine.plug("mode YUYV 640x480 30", "mode MJPG 640x480 30 15", pictures, f"log {log}")
    answer = machine.use(2, size=[480, 640], rate="15", fourcc="MJPG")
    assert (answer["notes"], answer["rate"]) == ([], "15")
    asked = log.read_text(encoding="utf-8").splitlines()
    assert asked[-2] == "rate 15 1"
    assert 1 < asked.count("buffers 4 0") <= 3
    assert not [line for line in asked if line.startswith(("buffers 1 ", "buffers 2 "))]


def test_a_camera_that_ignores_what_it_is_asked_is_reported(machine: Machine) -> None:
    """By the size of its picture, its own rate, and the format that OpenCV found in force."""
    machine.plug(f"mode YUYV {MODE}", "mode MJPG 640x480 30", "stubborn")
    assert machine.use(2, size=[480, 640], rate="15", fourcc="MJPG")["notes"] == [
        "ignores the size 640x480; it delivers 160x120",
        "ignores the rate of 15 frames per second; it delivers 30",
        "ignores the format MJPG; it delivers YUYV",
    ]


def test_large_pictures_come_as_jpeg_where_only_that_is_fast(machine: Machine, tmp_path: Path) -> None:
    """Most webcams deliver 720p as YUYV at only 10 frames per second, which is too slow."""
    modes = ("mode YUYV 640x480 30", "mode YUYV 1280x720 10", "mode MJPG 1280x720 30")
    machine.plug(*modes, jpegs(tmp_path / "jpegs", 1, size=(720, 1280)))
    answer = machine.use(2, size=[720, 1280])
    assert (answer["rate"], answer["notes"]) == ("30", [])


def test_a_new_size_does_not_change_the_rate(machine: Machine) -> None:
    """OpenCV takes 30000/1001 for 30000 when it sets a camera up again, and would get 60."""
    machine.plug("mode YUYV 640x480 30000/1001 60000/1001", "mode YUYV 160x120 30000/1001 60000/1001")
    assert machine.use(2, size=[120, 160])["rate"] == "30000/1001"


def test_gaps_between_rows_are_told(machine: Machine) -> None:
    """OpenCV takes them for pixels, so the image is skewed; a note says so."""
    machine.plug(f"mode YUYV {MODE}", "pad 32")
    [note] = machine.use(2)["notes"]
    assert note.startswith("pads each row with 32 bytes, which OpenCV takes for pixels")


def test_what_holds_no_luma_is_converted_from_the_beginning(machine: Machine, tmp_path: Path) -> None:
    """By OpenCV, and no picture is lost in finding out that nothing else would do."""
    machine.plug(f"mode RGB3 {MODE}", jpegs(tmp_path / "pictures", 16, lambda number, _: rgb(number)))
    answer = machine.use(14)
    assert_exact(answer["pixels"], is_full_range=True)
    assert_in_turn(numbers(answer), list(range(16)))


def rgb(number: int) -> bytes:
    """Return what a camera sends as RGB."""
    return np.dstack([luma(number)] * 3).tobytes()


def test_black_pictures_at_first_decide_nothing(machine: Machine) -> None:
    """Every reading of them is black; which one is right is seen later, and then taken."""
    machine.plug(f"mode YUYV {MODE}", "black 8")
    pixels = machine.use(20)["pixels"]
    assert pixels[0].max() < 8
    assert_exact(pixels[-4:], is_full_range=False)


def test_jpeg_pictures_are_decoded_and_damaged_ones_counted(machine: Machine, tmp_path: Path) -> None:
    """One that is cut off, one with a hole, an empty one: none is shown, and nothing complains on standard error."""

    def broken(number: int, jpeg: bytes) -> bytes:
        half = len(jpeg) // 2
        return {4: jpeg[:half], 6: jpeg[:half] + jpeg[half + 400 :], 8: b""}.get(number, jpeg)

    machine.plug(f"mode MJPG {MODE}", jpegs(tmp_path / "jpegs", 10, broken))
    answer = machine.use(14)
    assert_in_turn(numbers(answer), [0, 1, 2, 3, 5, 7, 9])
    assert 5 <= answer["counts"]["damaged"] <= 7
    assert answer["loss"] == f"camera 0: {answer['counts']['damaged']} damaged packets could not be decoded"
    for pixels in answer["pixels"]:
        assert np.abs(pixels.astype(int) - luma(number_of(pixels))).mean() < 1
    assert "JPEG" not in machine.said()


def test_jpeg_pictures_may_leave_their_tables_out(machine: Machine, tmp_path: Path) -> None:
    """As many webcams do, since Motion JPEG has the same ones always."""

    def without_tables(number: int, jpeg: bytes) -> bytes:
        kept, at = jpeg[:2], 2
        while jpeg[at + 1] != 0xDA:
            size = 2 + int.from_bytes(jpeg[at + 2 : at + 4], "big")
            kept += jpeg[at : at + size] if jpeg[at + 1] != 0xC4 else b""
            at += size
        return kept + jpeg[at:]

    machine.plug(f"mode MJPG {MODE}", jpegs(tmp_path / "jpegs", 3, without_tables))
    answer = machine.use(6)
    assert_in_turn(numbers(answer), [0, 1, 2])
    assert answer["counts"] == {}


def test_a_mirror_turns_the_cameras_pictures(machine: Machine) -> None:
    """Left and right, and nothing else."""
    machine.plug(f"mode GREY {MODE}")
    assert_exact(machine.use(3, mirror=True)["pixels"][..., ::-1], is_full_range=True)


def test_a_first_picture_that_is_damaged_costs_a_moment(machine: Machine, tmp_path: Path) -> None:
    """Not the camera."""
    machine.plug(f"mode MJPG {MODE}", jpegs(tmp_path / "jpegs", 6, lambda number, jpeg: jpeg * (number != 1)))
    assert numbers(machine.use(2))[0] in (2, 3, 4)


def test_a_camera_that_is_pulled_out_and_back_goes_on_at_once(machine: Machine) -> None:
    """However long it was away, it is not waited for longer than it takes to come back."""
    device = machine.plug(f"mode YUYV {MODE}")
    back = [5, 1.5, str(device), f"mode YUYV {MODE}\n"]
    answer = machine.use(10, then=([5, 0, str(device), None], back), retry_wait_s=60)
    assert answer["states"] == ["connected"]
    assert answer["counts"]["lost"] == 1
    assert answer["took_s"] < 3
    assert answer["loss"].startswith("camera 0: interrupted once, 1.")
    assert "camera 0: unplugged (/dev/video0 is gone); reconnecting" in machine.said()


def test_a_camera_is_known_by_its_link_wherever_it_comes_back(machine: Machine) -> None:
    """Plugged in elsewhere it has another number; the link in /dev/v4l/by-id is the system's, and leads there."""
    first = machine.plug(f"mode YUYV {MODE}")
    link = machine.folder / "dev" / "v4l" / "by-id" / "usb-Cam-index0"
    link.parent.mkdir(parents=True)
    link.symlink_to("../../video0")
    moving = (
        [10, 0, str(first), None],
        [10, 0, str(link), None],
        [10, 0, str(first.with_name("video1")), f"mode GREY {MODE}\n"],
        [10, 0, str(link), "-> ../../video1"],
    )
    answer = machine.use(40, spec="/dev/v4l/by-id/usb-Cam-index0", then=moving, retry_wait_s=0.1)
    assert (answer["name"], answer["counts"]["lost"]) == ("usb-Cam-index0", 1)
    assert_exact(answer["pixels"][1:2], is_full_range=False)
    assert_exact(answer["pixels"][-1:], is_full_range=True)


def test_a_silent_camera_is_left_and_opened_again(machine: Machine) -> None:
    """The waiting reader releases it in time, so that it is not busy for the next one."""
    device = machine.plug(f"mode YUYV {MODE}")
    silent = [5, 0, str(device), f"mode YUYV {MODE}\nsilent\n"]
    back = [5, 1.2, str(device), f"mode YUYV {MODE}\n"]
    answer = machine.use(10, then=(silent, back), read_timeout_s=0.4, retry_wait_s=0.1)
    assert answer["counts"]["lost"] == 1
    assert answer["took_s"] < 4
    assert "camera 0: no frame for 0.4 s; reconnecting" in machine.said()
    assert "in use" not in machine.said()


def test_a_driver_that_is_stuck_is_left_behind(machine: Machine) -> None:
    """Nothing ends the thread that asked it; when it comes back it lets go, and the camera can be had again."""
    device = machine.plug(f"mode YUYV {MODE}")
    stuck = [5, 0, str(device), f"mode YUYV {MODE}\nstuck\n"]
    back = [5, 1.2, str(device), f"mode YUYV {MODE}\n"]
    answer = machine.use(10, then=(stuck, back), read_timeout_s=0.4, retry_wait_s=0.2)
    assert answer["counts"]["lost"] == 1
    assert answer["counts"]["failed"] >= 1, "it is busy meanwhile"
    assert 1.2 < answer["took_s"] < 5


def test_a_picture_that_repeats_is_told(machine: Machine) -> None:
    """The driver goes on sending, but the sensor does not."""
    device = machine.plug(f"mode YUYV {MODE}")
    stuck = [5, 0, str(device), f"mode YUYV {MODE}\nfrozen\n"]
    going = [30, 0, str(device), f"mode YUYV {MODE}\n"]
    answer = machine.use(50, then=(stuck, going), frozen_after_s=0.2)
    assert answer["states"] == ["connected", "frozen", "connected"]
    assert answer["counts"] == {"frozen": 1}


def test_a_camera_that_takes_long_for_its_first_picture_is_waited_for(machine: Machine) -> None:
    """As long as it may take, and not only for the second after which OpenCV looks up."""
    device = machine.plug(f"mode YUYV {MODE}", "silent")
    waking = [0, 1.7, str(device), f"mode YUYV {MODE}\n"]
    answer = machine.use(2, then=(waking,), open_timeout_s=LONG_S)
    assert 1.5 < answer["first_s"] < LONG_S


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (("silent",), "no frame within 0.5 s; check that it is switched on"),
        (("starved",), "opened, but delivers no frame; .* its USB port may be overloaded"),
        (("refuse 16",), "cannot be opened: Device or resource busy; 'livefilter devices' lists cameras"),
        (("refuse 13",), "cannot be opened: Permission denied; 'livefilter devices' lists cameras"),
        ((f"mode H264 {MODE}",), "sends only H264, which OpenCV cannot read from cameras"),
        (("metadata",), "/dev/video0 captures no frames: it is the second device of another camera, or"),
    ],
    ids=lambda value: str(value[0]) if isinstance(value, tuple) else "",
)
def test_a_camera_that_cannot_be_had_says_why(lines: tuple[str, ...], said: str, machine: Machine) -> None:
    """In one line, at once where it is known at once."""
    machine.plug(*(lines if "mode" in lines[0] else (f"mode YUYV {MODE}", *lines)))
    answer = machine.use(open_timeout_s=0.5)
    assert re.match(f"camera 0: {said}", answer["error"])
    assert answer["took_s"] < 2


def test_nothing_is_left_open(machine: Machine) -> None:
    """However it ended: no descriptor, no thread, and the camera itself can be had again."""
    device = machine.plug(f"mode YUYV {MODE}")
    gone, back = [3, 0, str(device), None], [3, 0.2, str(device), f"mode YUYV {MODE}\n"]
    counts = []
    for _ in range(2):
        counts.append(machine.use(6, then=(gone, back), retry_wait_s=0.1)["descriptors"])
        machine.plug(f"mode YUYV {MODE}", "starved")
        machine.use(2)
        machine.plug(f"mode YUYV {MODE}")
        machine.use(2)
    assert counts[0] == counts[1]


def test_opencv_and_ffmpeg_write_nothing(machine: Machine) -> None:
    """Whatever went wrong in the tests above; messages are livefilter's alone."""
    machine.plug(f"mode YUYV {MODE}")
    machine.use(2)
    assert not [line for line in machine.said().splitlines() if not line.startswith(("camera 0: ", "usb-Cam-index0: "))]


def test_devices_lists_what_the_driver_offers(machine: Machine) -> None:
    """Cameras with all modes, what cannot be opened with its problem, and no nodes for metadata."""
    machine.plug("card Attic", "mode YUYV 640x480 30 15", "mode MJPG 1280x720 30000/1001", number=0)
    machine.plug("card Attic", "mode YUYV 640x480 30", "metadata", number=1)
    machine.plug("mode GREY 320x240 120", "refuse 13", number=2)
    code, out, err = machine.run("devices", "--json")
    assert (code, err) == (0, "")
    attic, closed = json.loads(out)
    sizes = {"cols": 640, "rows": 480, "most_cols": 640, "most_rows": 480}
    large = {"cols": 1280, "rows": 720, "most_cols": 1280, "most_rows": 720}
    assert attic == {
        "index": 0,
        "name": "Attic",
        "path": "/dev/video0",
        "about": "uvcvideo, usb-0000:00:14.0-1",
        "problem": None,
        "modes": [
            {"format": "YUYV", **sizes, "rates": [30.0, 15.0]},
            {"format": "MJPG", **large, "rates": [pytest.approx(29.97, abs=1e-3)]},
        ],
    }
    assert (closed["index"], closed["modes"]) == (2, [])
    assert closed["problem"].startswith("Permission denied")


def test_doctor_opens_cameras_in_earnest(machine: Machine) -> None:
    """And reports the result of each, except nodes for metadata."""
    machine.plug("mode YUYV 640x480 30", number=0)
    machine.plug("mode YUYV 640x480 30", "metadata", number=1)
    machine.plug("mode YUYV 640x480 30", "starved", number=2)
    _, out, _ = machine.run("doctor", "--json")
    first, second = [check for check in json.loads(out)["checks"] if check["name"].startswith("camera")]
    assert (first["name"], first["verdict"], first["found"]) == ("camera 0", "ok", "640 x 480 at 30 fps")
    assert (second["name"], second["verdict"]) == ("camera 2", "note")
    assert second["found"].startswith("opened, but delivers no frame")


def test_a_command_reads_a_camera_and_passes_its_notes_on(machine: Machine) -> None:
    """Results on standard output, what the camera ignored on standard error, and all is well."""
    machine.plug(f"mode YUYV {MODE}", "mode MJPG 640x480 30", "stubborn")
    code, out, err = machine.run("score", "0", "--duration", "0.2", "--size", "640x480", "--fourcc", "MJPG")
    assert code == 0
    assert json.loads(out.splitlines()[-1])["time_s"] <= 0.2
    assert [line for line in err.splitlines() if line.startswith("livefilter: note")] == [
        "livefilter: note: camera 0: ignores the size 640x480; it delivers 160x120",
        "livefilter: note: camera 0: ignores the format MJPG; it delivers YUYV",
    ]


def test_a_busy_camera_is_told_with_who_uses_it(machine: Machine, negative: str) -> None:
    """As a driver does it: any program may open it, but only one sets it up. Queries are still allowed."""
    machine.plug(f"mode YUYV {MODE}")
    first = machine.start("preview", "0", "-p", negative, "--no-window", "--scores", "-")
    assert row_of(first) == 0
    code, _, err = machine.run("preview", "0", "-p", negative, "--no-window")
    assert code == 3
    program = Path(f"/proc/{first.pid}/comm").read_text(encoding="utf-8").strip()
    assert err == (
        f"livefilter: camera 0: cannot be opened; it is in use by {program} (process {first.pid}); "
        "close that program first\n"
    )
    assert json.loads(machine.run("devices", "--json")[1])[0]["problem"] is None
    first.send_signal(signal.SIGINT)
    assert "livefilter: interrupted after" in first.communicate(timeout=LONG_S)[1]


def test_a_recording_goes_on_over_a_pulled_cable(machine: Machine, negative: str, tmp_path: Path) -> None:
    """One file with all frames of both times, a row for each, and the loss is reported."""
    import av

    device, video = machine.plug("mode YUYV 160x120 30"), tmp_path / "night.mkv"
    run = machine.start("preview", "0", "-p", negative, "--no-window", "--record", str(video), "--scores", "-")
    rows = [row_of(run) for _ in range(10)]
    device.unlink()
    pulled_s = time.monotonic()
    assert run.stderr is not None
    said = next(line for line in run.stderr if "reconnecting" in line)
    out_s = time.monotonic() - pulled_s
    machine.plug("mode YUYV 160x120 30")
    while rows[-1] < 20:
        rows.append(row_of(run))
    run.send_signal(signal.SIGINT)
    out, err = run.communicate(timeout=LONG_S)
    assert run.returncode == 130
    assert said == "livefilter: camera 0: unplugged (/dev/video0 is gone); reconnecting\n"
    assert "livefilter: camera 0: reconnected after" in err
    assert "livefilter: lost: camera 0: interrupted once" in err
    with av.open(str(video)) as container:
        times = [frame.time for frame in container.decode(video=0)]
    assert len(times) == len(rows) + len(out.splitlines())
    assert np.diff(np.array(times, dtype=float)).max() > out_s - 2 / RATE, (
        "of the last frame before and the first after"
    )
    assert [path.name for path in tmp_path.iterdir()] == ["night.mkv"]


def row_of(run: subprocess.Popen[str]) -> int:
    """Wait for the next row of scores, and return its frame's index."""
    assert run.stdout is not None
    line = run.stdout.readline()
    assert line, "it ended"
    return int(json.loads(line)["index"])
