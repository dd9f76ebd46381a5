"""A real window on a real, if invisible, screen: Xvfb shows it, xdotool presses keys, ImageMagick looks."""

from __future__ import annotations

import ctypes
import ctypes.util
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import count
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from livefilter.compiler import Filter
from livefilter.overlays._compare import composed
from livefilter.presets import list_presets
from livefilter.sources import open_source

Pixels = NDArray[np.uint8]
pytestmark = [pytest.mark.jit, pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="X11 only")]
ROOT = Path(__file__).resolve().parents[2]
NOTICE_S = 4.5
"""How long a notice stands in the window, and a bit."""
PATIENCE_S = 15
"""How long to look for what should appear, on a busy machine."""
PRESSES = 3
"""How often to press a key before one without an answer is a failure."""
STARTS = 5
"""How often to start before a window that stays black is a failure. OpenCV's Qt never paints some of its first windows
where there is no window manager and the machine is busy: 13 of 50 in a script of three OpenCV calls and no livefilter,
and neither showing again nor moving nor resizing helps (OpenCV 5.0, Qt 5.15, Xvfb)."""
_numbers = count()


@pytest.fixture(scope="module")
def display(require: Callable[[object, str], None]) -> Iterator[str]:
    """A screen of its own, of 1000 x 700 pixels, with a window manager."""
    for tool in ("Xvfb", "xdotool", "import", "openbox"):
        require(shutil.which(tool), f"needs {tool}")
    reads, writes = os.pipe()
    server = subprocess.Popen(
        ["Xvfb", "-displayfd", str(writes), "-screen", "0", "1000x700x24", "-nolisten", "tcp"],
        pass_fds=[writes],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    os.close(writes)
    with os.fdopen(reads) as told:
        number = told.readline().strip()  # Written when the server is ready.
    assert number, "Xvfb did not start"
    manager = subprocess.Popen(["openbox"], env=os.environ | {"DISPLAY": f":{number}"}, stderr=subprocess.DEVNULL)
    yield f":{number}"
    manager.terminate()
    manager.wait()
    server.terminate()
    server.wait()


class Show:
    """A preview that runs, and its window.

    The source is shown under a name of its own, and so is the window: one that was closed a moment ago may still be
    found, and Qt may make a window anew while it opens.
    """

    def __init__(self, display: str, folder: Path, source: Path, *arguments: str, command: str = "preview") -> None:
        name = f"shown{next(_numbers)}{source.suffix}"
        shutil.copy(source, folder / name)
        self._title = f"^livefilter: {name}$"
        self._environment = os.environ | {"DISPLAY": display, "QT_QPA_PLATFORM": "xcb"}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "livefilter", command, name, *arguments],
            cwd=folder,
            env=self._environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._display = display
        self.last = np.zeros((2, 2), np.uint8)

    @property
    def window(self) -> str:
        """The window's number; empty while there is none."""
        found = self._run("xdotool", "search", "--onlyvisible", "--name", self._title).stdout.split()
        return found[-1].decode() if found else ""

    def _run(self, *command: str) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(command, env=self._environment, capture_output=True, check=False)

    def press(self, key: str) -> None:
        """Press a key in the window, once it is found."""
        ends_s = time.monotonic() + PATIENCE_S
        time.sleep(0.5)  # A window manager that is still at work on the last change forgets the next one.
        while not (window := self.window) and time.monotonic() < ends_s and self._process.poll() is None:
            time.sleep(0.05)
        # Through the keyboard of the screen, into the window that has the focus: keys that are sent to a window by its
        # number are lost while it has none.
        assert self._run("timeout", "10", "xdotool", "windowactivate", "--sync", window, "key", key).returncode == 0

    def drag(self, start: tuple[int, int], end: tuple[int, int]) -> None:
        """Drag with the left button from one pixel of the window to another, each as column and row."""
        for at, button in ((start, "mousedown"), (end, "mouseup")):
            self._run("xdotool", "mousemove", "--sync", "--window", self.window, *map(str, at), "sleep", "0.1")
            self._run("xdotool", button, "1")

    def minimise(self) -> None:
        """Put the window away, as by its button."""
        self._run("xdotool", "windowminimize", self.window)

    def look(self) -> Pixels:
        """Take a picture of the window; of nothing while there is none."""
        window = self.window
        shot = self._run("import", "-window", window, "-depth", "8", "png:-").stdout if window else b""
        seen = cv2.imdecode(np.frombuffer(shot, np.uint8), cv2.IMREAD_GRAYSCALE) if shot else None
        return np.zeros((2, 2), np.uint8) if seen is None else np.asarray(seen, dtype=np.uint8)

    def answers(self, key: str, what: Callable[[Pixels], bool]) -> bool:
        """Press a key, and look until it is seen; once more if it is not, since a busy machine loses some keys."""
        for _ in range(PRESSES):
            self.press(key)
            if self.is_seen(what, PATIENCE_S / 2):
                return True
        return False

    def quits(self, key: str = "q") -> tuple[int, str]:
        """Press a key until the preview ends; the exit code, and what was printed to standard error."""
        for _ in range(PRESSES):
            self.press(key)
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(PATIENCE_S)
                break
        return self.ended()

    def is_seen(self, what: Callable[[Pixels], bool], patience_s: float = PATIENCE_S) -> bool:
        """Look until it is seen, in ``last`` then, or the preview ends, or patience does."""
        started_s = time.monotonic()
        while self._process.poll() is None and time.monotonic() < started_s + patience_s:
            self.last = self.look()
            if what(self.last):
                return True
        return False

    def kill(self) -> str:
        """End it by force; what was printed to standard error."""
        self._process.kill()
        return self._process.communicate()[1]

    def close(self) -> None:
        """Ask the window to close, as a window manager does when its button is pressed."""
        x11 = ctypes.CDLL(ctypes.util.find_library("X11"))
        x11.XOpenDisplay.restype = ctypes.c_void_p
        x11.XInternAtom.restype = ctypes.c_ulong
        x11.XInternAtom.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int]
        x11.XSendEvent.argtypes = [ctypes.c_void_p, ctypes.c_ulong, ctypes.c_int, ctypes.c_long, ctypes.c_void_p]
        x11.XCloseDisplay.argtypes = [ctypes.c_void_p]
        window = int(self.window)
        server = x11.XOpenDisplay(self._display.encode())
        # An XClientMessageEvent: type 33, serial, send_event, display, window, message type, format 32, five longs.
        event = (ctypes.c_long * 24)(33, 0, 1, server, window, x11.XInternAtom(server, b"WM_PROTOCOLS", 0), 32)
        event[7] = x11.XInternAtom(server, b"WM_DELETE_WINDOW", 0)
        x11.XSendEvent(server, window, 0, 0, ctypes.byref(event))
        x11.XCloseDisplay(server)

    def terminate(self) -> None:
        """Send SIGTERM."""
        self._process.terminate()

    def ended(self) -> tuple[int, str]:
        """Wait for the end; the exit code, and what was printed to standard error."""
        _, told = self._process.communicate(timeout=60)
        return self._process.returncode, told


@pytest.fixture
def show(display: str, tmp_path: Path) -> Iterator[Callable[..., Show]]:
    """A function that starts a preview in a folder of the test's own; whatever is left of it ends with the test."""
    started: list[Show] = []

    def start(source: Path, *arguments: str) -> Show:
        for _ in range(STARTS):
            started.append(Show(display, tmp_path, source, *arguments))
            if started[-1].is_seen(has_edges):
                return started[-1]
            told = started[-1].kill()
        raise AssertionError(f"no window showed a picture; the last one said: {told}")

    yield start
    for one in started:
        one.kill()


@pytest.fixture(scope="module")
def chart() -> Pixels:
    """A test chart of 360 x 640."""
    with open_source("synthetic:chart") as source:
        return next(iter(source)).pixels


@pytest.fixture
def still(chart: Pixels, tmp_path: Path) -> Path:
    """The chart as a picture, which stays on show until somebody quits."""
    cv2.imwrite(str(tmp_path / "chart.png"), chart)
    return tmp_path / "chart.png"


def shows(expected: Pixels) -> Callable[[Pixels], bool]:
    """Whether a picture of the window shows what is expected: correlated by more than 0.95, whatever the scaling."""

    def is_seen(picture: Pixels) -> bool:
        small = [cv2.resize(one, (160, 90), interpolation=cv2.INTER_AREA) for one in (picture, expected)]
        if min(float(one.std()) for one in small) == 0:
            return False
        return float(np.corrcoef(small[0].ravel(), small[1].ravel())[0, 1]) > 0.95

    return is_seen


def has_edges(picture: Pixels) -> bool:
    """Whether there is a picture of some contrast: a window that is only just opening is of one colour."""
    return picture.shape == (360, 640) and float(picture.std()) > 5


def test_keys_change_what_the_window_shows(
    show: Callable[..., Show], still: Path, chart: Pixels, tmp_path: Path
) -> None:
    """Presets by digits, the help, a snapshot of exactly what was filtered, and a quiet end."""
    running = show(still, "-p", "sobel-vertical", "--no-overlay")
    assert running.is_seen(shows(Filter("sobel-vertical")(chart).image))
    running.press("2")
    second = Filter(list_presets()[1])(chart).image
    assert running.is_seen(shows(second))
    before = running.last
    assert not shows(Filter("sobel-vertical")(chart).image)(before)

    middle = (slice(150, 210), slice(250, 390))
    assert running.answers("h", lambda seen: float(np.median(seen[middle])) < 0.5 * float(np.median(before[middle])))
    assert running.answers("h", shows(second))

    running.press("Insert")  # Does nothing: only its last 8 bits are those of a "c".
    running.press("s")
    code, told = running.quits()
    assert code == 0
    assert told.count("saved ") == 1
    (saved,) = tmp_path.glob("livefilter-*.png")
    snapshot = cv2.imread(str(saved), cv2.IMREAD_UNCHANGED)
    assert snapshot is not None
    np.testing.assert_array_equal(snapshot, second)


def test_mirror_wipe_and_drag(show: Callable[..., Show], still: Path, chart: Pixels) -> None:
    """M exchanges left and right; c shows the original left of a line, and the line follows the mouse."""
    running = show(still, "-p", "sobel-vertical", "--no-overlay")
    mirrored = np.ascontiguousarray(chart[:, ::-1])
    plain, turned = Filter("sobel-vertical")(chart).image, Filter("sobel-vertical")(mirrored).image
    assert running.answers("m", shows(turned))
    assert running.answers("m", shows(plain))
    running.press("c")
    assert running.answers("c", shows(composed(chart, plain, "wipe")))
    running.drag((320, 180), (128, 180))
    assert running.is_seen(shows(composed(chart, plain, "wipe", 0.2)))
    assert running.quits()[0] == 0


def test_brackets_turn_the_preset_and_saving_it_swaps_it_in(
    show: Callable[..., Show], still: Path, chart: Pixels, tmp_path: Path
) -> None:
    """The strength of a threshold first; then the file is saved by moving another over it, broken, and mended."""
    path = tmp_path / "mine.yaml"
    path.write_text("steps: [threshold: {level: 100}]\n")
    running = show(still, "-p", "mine.yaml", "--no-overlay")
    assert running.is_seen(shows(np.where(chart > 100, 255, 0).astype(np.uint8)))
    for _ in range(2):
        running.press("bracketright")
    assert running.answers("bracketright", shows(np.where(chart > 195, 255, 0).astype(np.uint8)))
    for _ in range(2):
        running.press("bracketleft")
    assert running.answers("bracketleft", shows(np.where(chart > 100, 255, 0).astype(np.uint8)))

    def saved(text: str) -> None:
        (tmp_path / "new").write_text(text)
        os.replace(tmp_path / "new", path)

    saved("steps: [threshold: {level: 195}]\n")
    good = np.where(chart > 195, 255, 0).astype(np.uint8)
    assert running.is_seen(shows(good))
    time.sleep(NOTICE_S)
    panel = (slice(165, 195), slice(60, 580))
    clean = running.look()
    saved("steps: [threshhold: {level: 5}]\n")
    assert running.is_seen(lambda seen: seen.shape == clean.shape and bool((seen[panel] != clean[panel]).any()))
    np.testing.assert_array_equal(running.last[240:], clean[240:])
    saved("steps: [threshold: {level: 100}]\n")
    assert running.is_seen(shows(np.where(chart > 100, 255, 0).astype(np.uint8)))
    code, told = running.quits()
    assert code == 0
    assert "mine.yaml:1:9: steps[0]: unknown step 'threshhold'" in told


def test_the_window_fills_the_screen_and_changes_its_size(show: Callable[..., Show], still: Path) -> None:
    """F to the whole screen and back; + by a quarter, and - back."""
    running = show(still, "-p", "sobel-vertical", "--no-overlay")
    for key, shape in (("f", (700, 1000)), ("f", (360, 640)), ("plus", (450, 800)), ("minus", (360, 640))):
        assert running.answers(key, lambda seen, shape=shape: seen.shape == shape), (key, running.last.shape)  # type: ignore[misc]
    assert running.quits()[0] == 0


def test_statistics_the_held_scale_and_a_recording(
    show: Callable[..., Show], tmp_path: Path, require: Callable[[object, str], None]
) -> None:
    """The key i darkens a panel of figures, t says that the scale is held, r records until it is pressed again."""
    path = ROOT / "recordings" / "chart.mp4"
    require(path.is_file(), "no recordings")
    running = show(path, "-p", "blur", "--loop", "--no-overlay")
    corner = (slice(5, 120), slice(5, 150))
    bright = float(running.last[corner].mean())
    assert running.answers("i", lambda seen: float(seen[corner].mean()) < 0.6 * bright)
    assert running.answers("i", lambda seen: float(seen[corner].mean()) > 0.9 * bright)
    running.press("t")
    assert running.answers("r", lambda seen: any(tmp_path.glob("livefilter-*.partial.mp4")))
    time.sleep(1)
    assert running.answers("r", lambda seen: not any(tmp_path.glob("livefilter-*.partial.mp4")))
    code, told = running.quits()
    assert code == 0
    assert "the scores' scale is held" in told
    (recorded,) = tmp_path.glob("livefilter-*-blur.mp4")
    with open_source(recorded) as source:
        frames = list(source)
    assert len(frames) >= 5
    assert frames[0].pixels.shape == (360, 640)


def test_a_minimised_window_costs_no_filtering(
    show: Callable[..., Show], tmp_path: Path, require: Callable[[object, str], None]
) -> None:
    """Frames go on coming, and none of them is filtered or counted as dropped."""
    path = ROOT / "recordings" / "chart.mp4"
    require(path.is_file(), "no recordings")
    running = show(path, "-p", "blur", "--realtime", "--loop", "--stats", "stats.jsonl")
    running.minimise()

    def figures() -> tuple[int, int]:
        row = json.loads((tmp_path / "stats.jsonl").read_text().splitlines()[-1])
        return row["frames_in"], row["frames_out"]

    ends_s, before = time.monotonic() + PATIENCE_S, (0, 0)
    while time.monotonic() < ends_s:
        time.sleep(2)
        now = figures()
        if now[0] > before[0] and now[1] == before[1]:
            break
        before = now
    assert now[0] > before[0]
    assert now[1] == before[1]
    running.terminate()
    assert running.ended()[0] == 130


def test_a_recording_is_previewed(show: Callable[..., Show], require: Callable[[object, str], None]) -> None:
    """The clip moves on the screen, with the overlay over it, until Escape."""
    path = ROOT / "recordings" / "chart.mp4"
    require(path.is_file(), "no recordings")
    running = show(path, "-p", "sobel-vertical")
    first = running.last
    assert running.is_seen(lambda seen: has_edges(seen) and bool((seen != first).any()))
    code, told = running.quits("Escape")
    assert code == 0
    assert "Traceback" not in told


def test_closing_the_window_ends_the_preview(
    show: Callable[..., Show], still: Path, require: Callable[[object, str], None]
) -> None:
    """By its button: exit code 0."""
    require(ctypes.util.find_library("X11"), "needs libX11")
    running = show(still, "-p", "sobel-vertical", "-q")
    running.close()
    assert running.ended() == (0, "")


def test_a_signal_ends_the_preview(show: Callable[..., Show], still: Path) -> None:
    """SIGTERM: exit code 130, in order."""
    running = show(still, "-p", "sobel-vertical", "-q")
    running.terminate()
    assert running.ended() == (130, "livefilter: interrupted after 1 frame\n")


def test_a_file_can_be_watched_while_it_is_made(
    display: str, tmp_path: Path, require: Callable[[object, str], None]
) -> None:
    """``process --window``: it ends in order, and the file is whole."""
    path = ROOT / "recordings" / "chart.mp4"
    require(path.is_file(), "no recordings")
    running = Show(
        display, tmp_path, path, *["-o", "out.mp4", "-p", "sobel-vertical", "--window", "-q"], command="process"
    )
    assert running.ended() == (0, "")
    with open_source(tmp_path / "out.mp4") as source:
        assert len(list(source)) == 100
