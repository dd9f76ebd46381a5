"""``preview`` and ``process --window``, with a stand-in for the window; the real one has tests of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from livefilter.cli import run
from livefilter.errors import SinkError, SourceError
from livefilter.sinks import ScoreSink, WindowSink
from livefilter.sources import open_source
from livefilter.testing import ListSink, running, wait_until

Pixels = NDArray[np.uint8]
ROOT = Path(__file__).resolve().parents[2]
shown: list[tuple[str, Pixels]] = []


class Window(WindowSink):
    """Notes what it is shown, saves a snapshot, and quits."""

    pressed = "sq"

    def __init__(self, title: str) -> None:
        self.target = title
        self.is_closed = self.is_minimised = False
        self.on_drag = lambda share: None
        self._keys = iter(self.pressed)

    def show(self, pixels: Pixels) -> None:
        """Note it, with the title."""
        shown.append((self.target, pixels.copy()))

    def poll_key(self, wait_ms: int) -> str | None:
        """Press a key, once there is a picture after the one that the window opens with."""
        return next(self._keys, None) if len(shown) > 1 else None

    def finish(self, *, is_complete: bool = True, end_s: Fraction | None = None) -> str | None:
        """Note it."""
        self.is_closed = True
        return None


@pytest.fixture(autouse=True)
def _window(monkeypatch: pytest.MonkeyPatch) -> None:
    """The stand-in, in the place of any window."""
    shown.clear()
    monkeypatch.setattr("livefilter.sinks.WindowSink", Window)
    monkeypatch.setattr("livefilter.sinks.check_display", lambda: None)


def test_a_picture_is_shown_with_the_preset_and_the_options(
    negative: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Preset, comparison and the snapshots' folder reach the preview; what it has to tell goes to standard error."""
    cv2.imwrite(str(tmp_path / "a.png"), np.full((8, 10), 55, np.uint8))
    (tmp_path / "shots").mkdir()
    flags = ["-p", negative, "--compare", "side", "--snapshot-dir", str(tmp_path / "shots")]
    assert run(["preview", str(tmp_path / "a.png"), *flags]) == 0
    title, picture = shown[1]
    assert title == "livefilter: a.png"
    assert picture.tolist() == [[55] * 10 + [200] * 10] * 8
    told = capsys.readouterr()
    assert told.out.startswith("a.png with negative: 1 frame at ")
    assert told.err.startswith(f"saved {tmp_path / 'shots'}")
    assert len(list((tmp_path / "shots").iterdir())) == 1


@pytest.mark.parametrize("color", ["gray", "luma", "rgb"])
def test_colours_are_shown_and_saved(color: str, negative: str, tmp_path: Path) -> None:
    """The picture is mirrored once, in the pipeline."""
    picture = np.random.default_rng(2).integers(0, 256, (8, 10, 3), np.uint8)
    gray = np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY), dtype=np.uint8)
    cv2.imwrite(str(tmp_path / "a.bmp"), picture)
    flags = ["-p", negative, "--color", color, "--mirror", "--snapshot-dir", str(tmp_path), "-q"]
    assert run(["preview", str(tmp_path / "a.bmp"), *flags]) == 0
    expected = {
        "gray": 255 - gray,
        "luma": (picture + (255 - 2 * gray.astype(int))[..., np.newaxis]).clip(0, 255),
        "rgb": 255 - picture,
    }[color][:, ::-1]
    np.testing.assert_array_equal(shown[1][1], expected)
    (saved,) = tmp_path.glob("*.png")
    np.testing.assert_array_equal(cv2.imread(str(saved), cv2.IMREAD_UNCHANGED), expected)


def test_a_pipe_and_process_give_the_same_colours(
    negative: str, tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    """Also where the preset says which ones; the option beats it."""
    for number, level in enumerate((10, 90, 170)):
        picture = np.full((8, 10, 3), (level, 20, 255 - level), np.uint8)
        cv2.imwrite(str(tmp_path / f"in{number}.bmp"), picture)
    preset = tmp_path / "own.yaml"
    preset.write_text("color: rgb\n" + Path(negative).read_text())
    source = str(tmp_path / "in*.bmp")
    for color in (None, "gray", "luma"):
        flags = ["-p", str(preset), "-q", *(["--color", color] if color else [])]
        out = tmp_path / str(color)
        assert run(["process", source, "-o", str(out / "%d.png"), *flags]) == 0
        capfdbinary.readouterr()
        assert run(["preview", source, "--no-window", "--stdout", "raw", *flags]) == 0
        written = [cv2.imread(str(out / f"{number}.png"), cv2.IMREAD_UNCHANGED) for number in range(3)]
        assert [image.ndim for image in written if image is not None] == [2 if color == "gray" else 3] * 3
        assert capfdbinary.readouterr().out == b"".join(image.tobytes() for image in written if image is not None)


def test_a_sample_clip_repeats_until_the_preview_is_quit(
    clip: Path, negative: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without ``--loop``; here a clip of eight frames has the sample's place, and the user quits after twelve."""

    class PatientWindow(Window):
        def poll_key(self, wait_ms: int) -> str | None:
            return "q" if len(shown) > 12 else None

    monkeypatch.setattr("livefilter.sinks.WindowSink", PatientWindow)
    (tmp_path / "recordings").mkdir()
    (tmp_path / "recordings" / "webcam.mp4").write_bytes(clip.read_bytes())
    monkeypatch.setattr("livefilter.resources.resource_folder", lambda name: tmp_path / name)
    assert run(["preview", "sample:webcam", "-p", negative]) == 0
    told = capsys.readouterr().out.split()
    assert told[: told.index("frames")][:-1] == ["webcam.mp4", "with", "negative:"]
    assert int(told[told.index("frames") - 1]) > 8


def test_the_result_is_shown_while_it_is_made(clip: Path, negative: str, tmp_path: Path) -> None:
    """``process --window``: every frame that is written, and no file is reported for the window."""
    assert run(["process", str(clip), "-o", str(tmp_path / "a.mp4"), "-p", negative, "--window", "-q"]) == 0
    assert [title for title, _ in shown] == ["livefilter: clip.mp4"] * 8
    assert (tmp_path / "a.mp4").exists()


def test_without_a_window_no_display_is_touched(clip: Path, negative: str, tmp_path: Path) -> None:
    """Not one call of OpenCV's windows, and no display asked for; the outputs are there."""
    program = (
        "import cv2, sys\n"
        "def refuse(*arguments, **options): raise SystemExit('a window was touched')\n"
        "for name in dir(cv2):\n"
        "    if 'Window' in name or name in ('imshow', 'waitKey', 'waitKeyEx', 'pollKey', 'setMouseCallback'):\n"
        "        setattr(cv2, name, refuse)\n"
        "from livefilter.sinks.window import X11Client\n"
        "X11Client.__init__ = refuse\n"
        "from livefilter.cli import run\n"
        "sys.exit(run(sys.argv[1:]))\n"
    )
    flags = ["--no-window", "-p", negative, "--record", "a.mp4", "--scores", "a.csv", "--stats", "stats.jsonl"]
    environment = {name: value for name, value in os.environ.items() if name != "WAYLAND_DISPLAY"}
    environment |= {
        "DISPLAY": ":93",
        "QT_QPA_PLATFORM": "no such platform",
        "PYTHONPATH": str(ROOT),
    }
    done = subprocess.run(
        [sys.executable, "-c", program, "preview", str(clip), *flags],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )
    # On a busy machine, the compilation of the preset is announced.
    told = [line for line in done.stderr.splitlines() if not line.startswith("compiling the preset")]
    assert (done.returncode, told) == (0, [])
    assert done.stdout.startswith("clip.mp4 with negative: 8 frames at ")
    assert "\nin: 8 frames at " in done.stdout
    figures = {line[:21].strip(): line[21:].split() for line in done.stdout.splitlines()}
    assert figures["milliseconds"] == ["p50", "p95", "p99"]
    for name in ("latency to scores", "latency to recording", "time in filter", "time in overlay", "time in recording"):
        assert len([float(figure) for figure in figures[name]]) == 3, name
    with open_source(tmp_path / "a.mp4") as recorded:
        assert len(list(recorded)) == 8
    assert len((tmp_path / "a.csv").read_text().splitlines()) == 9
    assert json.loads((tmp_path / "stats.jsonl").read_text().splitlines()[-1])["frames_out"] == 8


def test_pictures_go_to_a_pipe_and_words_to_standard_error(
    clip: Path, negative: str, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    """Eight frames of 48 x 64 with their marks, and nothing between them."""
    assert run(["preview", str(clip), "--no-window", "-p", negative, "--stdout", "y4m"]) == 0
    told = capfdbinary.readouterr()
    head, _, rest = told.out.partition(b"\n")
    assert head == b"YUV4MPEG2 W64 H48 F25:1 Ip A1:1 Cmono XCOLORRANGE=FULL"
    assert len(rest) == 8 * (len(b"FRAME\n") + 48 * 64)
    assert b"8 frames" in told.err


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--no-window", "--snapshot-dir", "."], "--snapshot-dir is for the keys of the window"),
        (["--no-window", "--stdout", "y4m", "--scores", "-"], "cannot share standard output"),
        (["--stdout", "avi"], "'avi' is not one of 'y4m', 'raw'"),
        (["--metrics", "70000"], "70000 is not in the range"),
    ],
)
def test_options_that_do_not_go_together_are_an_error(
    flags: list[str], message: str, clip: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Told before anything is opened."""
    assert run(["preview", str(clip), *flags]) == 2
    assert message in capsys.readouterr().err


def test_an_output_that_exists_stops_the_start_and_leaves_nothing(
    clip: Path, negative: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """No half-made score table, and the file is as it was; --overwrite replaces it."""
    (tmp_path / "a.mp4").write_text("mine")
    flags = ["--no-window", "-p", negative, "--record", str(tmp_path / "a.mp4"), "--scores", str(tmp_path / "a.csv")]
    assert run(["preview", str(clip), *flags]) == 4
    assert "--overwrite" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["a.mp4"]
    assert (tmp_path / "a.mp4").read_text() == "mine"
    assert run(["preview", str(clip), *flags, "--overwrite", "-q"]) == 0
    assert (tmp_path / "a.mp4").stat().st_size > 100


def test_a_recording_on_a_full_disk_ends_with_code_4(
    clip: Path, negative: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """And says what was full."""

    def fail(self: ScoreSink, *_: object) -> None:
        raise SinkError("a.csv: cannot be written: No space left on device")

    monkeypatch.setattr(ScoreSink, "write", fail)
    assert run(["preview", str(clip), "--no-window", "-p", negative, "--scores", str(tmp_path / "a.csv"), "-q"]) == 4
    assert capsys.readouterr().err.startswith("livefilter: a.csv: cannot be written: No space left on device")


def test_metrics_and_a_camera_can_be_asked_for(
    clip: Path, negative: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where they are stands on standard error."""

    class Camera(ListSink):
        """A camera of no driver."""

        has_consumer = True

        def __init__(self, shape: tuple[int, ...], *, rate: Fraction) -> None:
            super().__init__()
            self.target = f"/dev/video9 {shape} {rate}"

    monkeypatch.setattr("livefilter.sinks.VirtualCameraSink", Camera)
    coloured = ["preview", str(clip), "--no-window", "-p", negative, "--virtual-camera", "--color", "rgb"]
    assert run(coloured) == 0
    assert "virtual camera: /dev/video9 (48, 64, 3) 25" in capsys.readouterr().err
    assert run(["preview", str(clip), "--no-window", "-p", negative, "--metrics", "0", "--virtual-camera"]) == 0
    told = capsys.readouterr()
    assert "virtual camera: /dev/video9 (48, 64) 25" in told.err
    assert "metrics: http://127.0.0.1:" in told.err
    assert "latency to virtual camera" in told.out


def test_a_picture_recorded_by_key_is_told_of(clip: Path, negative: str, tmp_path: Path) -> None:
    """In the folder of the snapshots."""
    Window.pressed = "r"
    try:
        assert run(["preview", str(clip), "-p", negative, "--snapshot-dir", str(tmp_path), "-q"]) == 0
    finally:
        Window.pressed = "sq"
    assert len(list(tmp_path.glob("livefilter-*.mp4"))) == 1


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs SIGKILL")
def test_a_recording_survives_the_death_of_the_program(negative: str, tmp_path: Path) -> None:
    """It can be played while it is made, and so it can when the program is killed."""
    flags = ["--realtime", "--loop", "--no-window", "-p", negative, "--record", "a.mp4"]

    def last_s() -> float:
        try:
            with open_source(tmp_path / "a.partial.mp4") as recorded:
                return float(max((frame.time_s for frame in recorded), default=-1))
        except SourceError:
            return -1  # Not begun, or empty.

    program = [sys.executable, "-m", "livefilter", "preview", "synthetic:chart", *flags]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    with running(program, cwd=tmp_path, env=environment) as preview:
        wait_until(lambda: last_s() >= 1 or preview.poll() is not None)
        assert preview.poll() is None
    assert last_s() >= 1
