"""A real window on a real, if invisible, screen: Xvfb shows it, xdotool presses keys, ImageMagick looks."""

from __future__ import annotations

import ctypes
import ctypes.util
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from fractions import Fraction
from itertools import count, pairwise
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from livefilter.analysis import NO_ANALYSIS, Result
from livefilter.compiler import Filter
from livefilter.frame import Frame
from livefilter.layers import Compare, Comparison, compose
from livefilter.presets import list_presets
from livefilter.sources import open_source
from livefilter.testing import wait_until

Pixels = NDArray[np.uint8]
pytestmark = [pytest.mark.jit, pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="X11 only")]
ROOT = Path(__file__).resolve().parents[2]
TIMEOUT_S = 60
"""How long to look for what should appear, on a busy machine."""
FIRST_SIZE = (300, 400)
"""Rows and columns in which OpenCV opens a window and paints it for a moment, even where it is to have another size;
the rest of it is white then."""
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
    environment = os.environ | {"DISPLAY": f":{number}"}
    manager = subprocess.Popen(["openbox"], env=environment, stderr=subprocess.DEVNULL)
    # Not before there is one: without a window manager, OpenCV's Qt never paints some of its first windows, 13 of 50 in
    # a script of three OpenCV calls (OpenCV 5.0, Qt 5.15, Xvfb).
    wait_until(lambda: is_managed(environment), timeout_s=TIMEOUT_S)
    yield f":{number}"
    for process in (manager, server):
        process.terminate()
        process.wait(timeout=20)


def is_managed(environment: dict[str, str]) -> bool:
    """Whether a screen has a window manager."""
    asked = ["xdotool", "get_num_desktops"]
    return not subprocess.run(asked, env=environment, capture_output=True, check=False, timeout=100).returncode


class Show:
    """A preview that runs, and its window.

    The source is shown under a name of its own, and so is the window: one that was closed a moment ago may still be
    found, and Qt may create a window twice while it opens.
    """

    def __init__(self, display: str, folder: Path, source: Path, *arguments: str, command: str = "preview") -> None:
        name = f"shown{next(_numbers)}{source.suffix}"
        shutil.copy(source, folder / name)
        self._title = f"^livefilter: {name}$"
        self._environment = os.environ | {"DISPLAY": display, "QT_QPA_PLATFORM": "xcb"}
        self._told = folder / f"{name}.told"
        with self._told.open("w") as told:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "livefilter", command, name, *arguments],
                cwd=folder,
                env=self._environment,
                stdout=subprocess.DEVNULL,
                stderr=told,
            )
        self._display = display
        self.last = np.zeros((2, 2), np.uint8)

    @property
    def window(self) -> str:
        """The window's number; empty while there is none."""
        found = self._run("xdotool", "search", "--onlyvisible", "--name", self._title).stdout.split()
        return found[-1].decode() if found else ""

    def _run(self, *command: str) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(command, env=self._environment, capture_output=True, check=False, timeout=100)

    @property
    def told(self) -> str:
        """What was printed to standard error so far."""
        return self._told.read_text()

    def press(self, key: str) -> None:
        """Press a key in the window, once.

        Not again where there is no answer: a key that turns something on would turn it off. And wait for its answer
        before the next one: OpenCV keeps only the last of the keys that came while it was busy.
        """
        window = self.window
        assert window, f"there is no window to press {key} in"
        # Through the keyboard of the screen, into the window that has the focus: keys that are sent to a window by its
        # number are lost while it has none.
        assert self._run("timeout", "60", "xdotool", "windowactivate", "--sync", window, "key", key).returncode == 0

    def drag(self, start: tuple[int, int], end: tuple[int, int]) -> None:
        """Drag with the left button from one pixel of the window to another, each as column and row."""
        for at, button in ((start, "mousedown"), (end, "mouseup")):
            self._run("xdotool", "mousemove", "--sync", "--window", self.window, *map(str, at))
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

    def look_in_colour(self) -> Pixels:
        """Take a picture of the window, in BGR."""
        shot = self._run("import", "-window", self.window, "-depth", "8", "png:-").stdout
        return np.asarray(cv2.imdecode(np.frombuffer(shot, np.uint8), cv2.IMREAD_COLOR), dtype=np.uint8)

    def answers(self, key: str, what: Callable[[Pixels], bool]) -> bool:
        """Press a key, and look until its answer is seen."""
        self.press(key)
        return self.is_seen(what)

    def tells(self, key: str, line: str) -> bool:
        """Press a key, and wait until a line that it makes the preview tell was told once more than before."""
        before = self.told.count(line)
        return self.answers(key, lambda _: self.told.count(line) == before + 1)

    def quits(self, key: str = "q") -> tuple[int, str]:
        """Press a key that ends the preview; the exit code, and what was printed to standard error."""
        self.press(key)
        return self.ended()

    def is_seen(self, what: Callable[[Pixels], bool]) -> bool:
        """Look until it is seen, in ``last`` then, or the preview ends."""
        has_ended = False

        def is_so() -> bool:
            nonlocal has_ended
            has_ended = self._process.poll() is not None
            self.last = self.look()
            return has_ended or what(self.last)

        wait_until(is_so, timeout_s=TIMEOUT_S)
        return not has_ended

    def kill(self) -> None:
        """End it by force."""
        self._process.kill()
        self._process.wait(timeout=20)

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
        return self._process.wait(timeout=100), self.told


@pytest.fixture
def show(display: str, tmp_path: Path) -> Iterator[Callable[..., Show]]:
    """A function that starts a preview in a folder of the test's own; whatever is left of it ends with the test."""
    started: list[Show] = []

    def start(source: Path, *arguments: str) -> Show:
        started.append(Show(display, tmp_path, source, *arguments))
        assert started[-1].is_seen(has_picture), f"no window showed a picture; livefilter said: {started[-1].told}"
        return started[-1]

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
    """The chart as a picture, which stays until q is pressed."""
    cv2.imwrite(str(tmp_path / "chart.png"), chart)
    return tmp_path / "chart.png"


def compared(original: Pixels, filtered: Pixels, mode: Compare, wipe: float = 0.5) -> Pixels:
    """Both, as a comparison shows them."""
    comparison = Comparison(mode)
    comparison.wipe = wipe
    return compose(Result(Frame(original, 0, Fraction(0), 0), filtered, filtered, NO_ANALYSIS), comparison)


def shows(expected: Pixels) -> Callable[[Pixels], bool]:
    """Whether a picture of the window shows what is expected: correlated by more than 0.95, whatever the scaling."""

    def is_seen(picture: Pixels) -> bool:
        small = [cv2.resize(one, (160, 90), interpolation=cv2.INTER_AREA) for one in (picture, expected)]
        if min(float(one.std()) for one in small) == 0:
            return False
        return float(np.corrcoef(small[0].ravel(), small[1].ravel())[0, 1]) > 0.95

    return is_seen


def has_picture(seen: Pixels) -> bool:
    """Whether a window of 360 x 640 has its picture, of some contrast also where it was white when it opened."""
    rows, cols = FIRST_SIZE
    return seen.shape == (360, 640) and float(seen[rows:, cols:].std()) > 1


@pytest.fixture
def recording(require: Callable[[object, str], None]) -> Path:
    """A recorded clip of the chart, 100 frames; a number that tells them apart stands in it at NUMBER."""
    path = ROOT / "recordings" / "chart.mp4"
    require(path.is_file(), "no recordings")
    return path


NUMBER = (slice(208, 276), slice(436, 606))


def has_moved(running: Show) -> bool:
    """Whether the number of another frame is seen."""
    before = running.last[NUMBER]
    return running.is_seen(lambda seen: has_picture(seen) and bool((seen[NUMBER] != before).any()))


def test_keys_change_what_the_window_shows(
    show: Callable[..., Show], still: Path, chart: Pixels, tmp_path: Path
) -> None:
    """Presets by digits, the help, a snapshot of exactly what was filtered, and a quiet end."""
    running = show(still, "-p", "sobel-vertical", "--no-overlay")
    first, second = Filter("sobel-vertical")(chart).image, Filter(list_presets()[1])(chart).image
    assert running.is_seen(shows(first))
    assert not shows(first)(second)
    assert running.answers("2", shows(second))

    middle = (slice(150, 210), slice(250, 390))
    assert running.answers("h", lambda seen: float(np.median(seen[middle])) < 0.5 * float(np.median(second[middle])))
    assert running.answers("h", shows(second))

    running.press("Insert")  # Does nothing: only its last 8 bits are those of a "c".
    assert running.tells("s", "saved ")
    assert running.is_seen(shows(second))
    code, told = running.quits()
    assert code == 0
    assert told.count("saved ") == 1
    (saved,) = tmp_path.glob("livefilter-*.png")
    snapshot = cv2.imread(str(saved), cv2.IMREAD_UNCHANGED)
    assert snapshot is not None
    np.testing.assert_array_equal(snapshot, second)


def test_colours_are_shown_with_overlay_and_panels(show: Callable[..., Show], tmp_path: Path) -> None:
    """Red stays red, and does not become blue; the key that mirrors undoes the option."""
    picture = np.zeros((360, 640, 3), np.uint8)
    picture[:, :320], picture[:, 320:] = (30, 60, 220), (210, 120, 20)
    picture[100:140, 200:440] = picture[310:340, 40:140] = picture[310:340, 500:600] = 255
    cv2.imwrite(str(tmp_path / "colours.png"), picture)
    running = show(tmp_path / "colours.png", "-p", "blur", "--color", "rgb", "--mirror")

    def has_colours(left: tuple[int, ...], right: tuple[int, ...]) -> bool:
        seen = running.look_in_colour()[200:260].astype(int)
        return all(
            np.abs(np.median(seen[:, at : at + 40], axis=(0, 1)) - color).max() <= 2
            for at, color in ((260, left), (500, right))
        )

    assert running.is_seen(lambda _: has_colours((210, 120, 20), (30, 60, 220)))
    assert running.answers("i", lambda _: np.median(running.look_in_colour()[60:150, 10:140].max(axis=2)) < 90)
    assert running.answers("m", lambda _: has_colours((30, 60, 220), (210, 120, 20)))
    assert running.quits()[0] == 0


def test_mirror_wipe_and_drag(show: Callable[..., Show], still: Path, chart: Pixels) -> None:
    """M exchanges left and right; c shows the original left of a line, and the line follows the mouse."""
    running = show(still, "-p", "sobel-vertical", "--no-overlay")
    mirrored = np.ascontiguousarray(chart[:, ::-1])
    plain, turned = Filter("sobel-vertical")(chart).image, Filter("sobel-vertical")(mirrored).image
    assert running.answers("m", shows(turned))
    assert running.answers("m", shows(plain))
    # Both halves in a window of the same size, so with bars above and below.
    assert running.answers("c", lambda seen: shows(compared(chart, plain, "side"))(seen[90:270]))
    assert not running.last[:90].any()
    assert running.answers("c", shows(compared(chart, plain, "wipe")))
    running.drag((320, 180), (128, 180))
    assert running.is_seen(shows(compared(chart, plain, "wipe", 0.2)))
    assert running.quits()[0] == 0


def test_brackets_turn_the_preset_and_saving_it_swaps_it_in(
    show: Callable[..., Show], still: Path, chart: Pixels, tmp_path: Path
) -> None:
    """The strength of a threshold first; then the file is saved by moving another over it, broken, and mended."""

    def above(level: int) -> Pixels:
        return np.where(chart > level, 255, 0).astype(np.uint8)

    path = tmp_path / "mine.yaml"
    path.write_text("steps: [threshold: {level: 100}]\n")
    running = show(still, "-p", "mine.yaml", "--no-overlay")
    assert running.is_seen(shows(above(100)))
    for key, level in [("right", 125), ("right", 156), ("left", 125), ("left", 100)]:
        assert running.tells(f"bracket{key}", f"threshold level {level}\n")
        assert running.is_seen(shows(above(level)))

    def saved(text: str) -> None:
        (tmp_path / "new").write_text(text)
        os.replace(tmp_path / "new", path)

    def is_clean(seen: Pixels) -> bool:
        return seen.shape == chart.shape and bool((seen == above(156)).all())

    saved("steps: [threshold: {level: 156}]\n")
    assert running.is_seen(is_clean)  # Once the notice of it is gone.
    saved("steps: [threshhold: {level: 5}]\n")
    panel = (slice(165, 195), slice(60, 580))
    assert running.is_seen(lambda seen: bool((seen[panel] != above(156)[panel]).any()))
    np.testing.assert_array_equal(running.last[240:], above(156)[240:])
    saved("steps: [threshold: {level: 100}]\n")
    assert running.is_seen(shows(above(100)))
    code, told = running.quits()
    assert code == 0
    assert "mine.yaml:1:9: steps[0]: unknown step 'threshhold'" in told


def test_the_window_fills_the_screen_and_changes_its_size(show: Callable[..., Show], still: Path) -> None:
    """F to the whole screen and back; + by a quarter, and - back."""
    running = show(still, "-p", "sobel-vertical", "--no-overlay")
    for key, shape in (("f", (700, 1000)), ("f", (360, 640)), ("plus", (450, 800)), ("minus", (360, 640))):
        assert running.answers(key, lambda seen, shape=shape: seen.shape == shape), (key, running.last.shape)  # type: ignore[misc]
    assert running.quits()[0] == 0


def test_statistics_stand_in_a_corner_until_they_are_put_away(
    show: Callable[..., Show], still: Path, chart: Pixels
) -> None:
    """The key i darkens a panel of figures; pressed again, it leaves the picture as it was."""
    plain = Filter("blur")(chart).image
    corner = (slice(0, 100), slice(0, 150))
    running = show(still, "-p", "blur", "--no-overlay")
    assert running.is_seen(lambda seen: bool((seen == plain).all()))
    assert running.answers("i", lambda seen: float(seen[corner].mean()) < 0.6 * float(plain[corner].mean()))
    np.testing.assert_array_equal(running.last[240:], plain[240:])
    assert running.answers("i", lambda seen: bool((seen == plain).all()))
    assert running.quits()[0] == 0


def test_a_recording_is_begun_and_ended_by_a_key(show: Callable[..., Show], recording: Path, tmp_path: Path) -> None:
    """R records what is shown until it is pressed again, beside whatever else keys do: t holds the scores' scale."""
    running = show(recording, "-p", "blur", "--loop", "--no-overlay")
    assert running.tells("t", "the scores' scale is held")
    assert running.answers("r", lambda _: any(tmp_path.glob("livefilter-*.partial.mp4")))
    assert all(has_moved(running) for _ in range(5))
    assert running.answers("r", lambda _: not any(tmp_path.glob("livefilter-*.partial.mp4")))
    assert running.quits()[0] == 0
    (recorded,) = tmp_path.glob("livefilter-*-blur.mp4")
    with open_source(recorded) as source:
        frames = list(source)
    assert len(frames) >= 5
    assert frames[0].pixels.shape == (360, 640)


def test_a_minimised_window_costs_no_filtering(show: Callable[..., Show], recording: Path, tmp_path: Path) -> None:
    """Frames go on coming, and none of them is filtered or counted as dropped."""
    running = show(recording, "-p", "blur", "--realtime", "--loop", "--stats", "stats.jsonl")
    running.minimise()

    def is_idle() -> bool:
        rows = map(json.loads, (tmp_path / "stats.jsonl").read_text().splitlines())
        figures = [(row["frames_in"], row["frames_out"], row["dropped"]) for row in rows]
        return any(after[0] > before[0] and after[1:] == before[1:] for before, after in pairwise(figures))

    wait_until(is_idle, timeout_s=TIMEOUT_S)
    running.terminate()
    assert running.ended()[0] == 130


def test_a_recording_is_previewed(show: Callable[..., Show], recording: Path) -> None:
    """The clip moves on the screen, with the overlay over it, until Escape.

    It is looped: on a busy machine the window may need longer to appear than the clip lasts.
    """
    running = show(recording, "-p", "sobel-vertical", "--loop")
    assert has_moved(running)
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


def test_a_file_can_be_watched_while_it_is_made(display: str, recording: Path, tmp_path: Path) -> None:
    """``process --window``: it ends in order, and the file is whole."""
    running = Show(
        display, tmp_path, recording, *["-o", "out.mp4", "-p", "sobel-vertical", "--window", "-q"], command="process"
    )
    assert running.ended() == (0, "")
    with open_source(tmp_path / "out.mp4") as source:
        assert len(list(source)) == 100
