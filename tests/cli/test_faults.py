"""What goes wrong around a run: codecs, folders, signals, another run; each ends with its code, and says what it is."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from livefilter.cli._main import run
from livefilter.sources._video import VideoFile


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, clip: Path) -> Path:
    """A folder with the clip in it, which is the current one."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "clip.mp4").write_bytes(clip.read_bytes())
    return tmp_path


@pytest.fixture
def long(tmp_path: Path, make_clip: Callable[..., Path]) -> Path:
    """A clip of 3000 frames of noise, so that a file grows soon that is made of it."""
    noise = list(np.random.default_rng(0).integers(0, 256, (20, 48, 64), dtype=np.uint8))
    return make_clip(tmp_path / "long.mp4", noise * 150, preset="ultrafast")


def names(folder: Path) -> list[str]:
    """What is in a folder."""
    return sorted(path.name for path in folder.iterdir())


def _is_gone(group: int) -> bool:
    """Wait until a group of processes is empty: Python's own helper for semaphores ends a moment after the others."""
    until_s = time.monotonic() + 20
    while time.monotonic() < until_s:
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.01)
    return False


@pytest.mark.parametrize(
    ("line", "code", "says"),
    [
        ("-o a.mp4 --codec nosuch", 2, "codec: nosuch cannot be encoded here; choose one of h264"),
        ("-o a.mp4 --codec aac", 2, "codec: aac is no codec for pictures"),
        ("-o a.mp4 --codec prores", 2, "codec: mp4 cannot hold prores"),
        ("-o a.mp4 --crf 60", 2, "crf: for h264 it must be from 0 to 51"),
        ("-o a.mkv --codec ffv1 --crf 3", 2, "crf: ffv1 has no such setting"),
        ("-o a.mp4 --pix-fmt nosuch", 2, "pix_fmt: h264 takes yuv420p"),
        ("-o a.mp4 --speed sideways", 2, "cannot be opened here with"),
        ("-o %03d.png --crf 20", 2, "encoding: is for videos"),
        ("-o a.mp4 --container nut", 2, "container: .mp4 stands for mp4"),
        ("-o a.mp4 --start 100", 2, "no frame of clip.mp4 lies between them"),
        ("-o a.mp4 --scores a.mp4", 2, "is given for two outputs"),
        ("-o clip.mp4 --overwrite", 2, "written over, the input"),
        ("-o missing/a.mp4", 4, "the folder missing does not exist"),
        ("-o clip.mp4/a.mp4", 4, "is a file, not a folder"),
    ],
)
def test_what_cannot_be_written_is_told(
    line: str, code: int, says: str, here: Path, negative: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """In a line, and nothing is left behind."""
    assert run(["process", "clip.mp4", "-p", negative, "-q", *line.split()]) == code
    told = capsys.readouterr()
    assert says in told.err
    assert (told.err.count("\n"), told.out) == (1, "")
    assert names(here) == ["clip.mp4"]


@pytest.mark.skipif(not Path("/sys/kernel").is_dir(), reason="no folder here that nobody can write to")
@pytest.mark.parametrize("name", ["a.mp4", "a.csv"])
def test_a_folder_that_cannot_be_written_is_told(name: str, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Also to the one who may do everything, before anything is read."""
    arguments = ["process", "clip.mp4"] if name == "a.mp4" else ["score", "clip.mp4"]
    assert run([*arguments, "-o", f"/sys/kernel/{name}", "-q"]) == 4
    assert "cannot be written" in capsys.readouterr().err


@pytest.mark.jit
def test_two_runs_at_once_do_not_write_one_output(long: Path, negative: str, tmp_path: Path) -> None:
    """The second is told that there is another, and the first one's video is whole."""
    arguments = [sys.executable, "-m", "livefilter", "process", str(long), "-o", "out.mp4", "-p", negative, "-q"]
    with subprocess.Popen(
        [*arguments, "--scores", "-"], cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as first:
        assert first.stdout is not None
        first.stdout.readline()  # It is at work, and will stay so: nobody reads what it writes.
        second = subprocess.run(arguments, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert second.returncode == 4
        assert "another run is writing it" in second.stderr
        first.communicate()
    assert first.returncode == 0
    with VideoFile(tmp_path / "out.mp4") as made:
        assert made.facts.frame_count == 3000
    assert names(tmp_path) == ["long.mp4", "out.mp4"]


@pytest.mark.jit
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_a_batch_and_keeps_what_is_done(
    number: signal.Signals, long: Path, negative: str, tmp_path: Path
) -> None:
    """Exit code 130, a playable part, no process left behind; resumed, it does what is missing."""
    (tmp_path / "in").mkdir()
    for name in ("a", "b"):
        os.link(long, tmp_path / "in" / f"{name}.mp4")
    arguments = [
        sys.executable,
        "-m",
        "livefilter",
        "process",
        "in",
        "-d",
        "out",
        "-p",
        negative,
        "-q",
        "--jobs",
        "2",
        "--realtime",
    ]
    with subprocess.Popen(
        arguments, cwd=tmp_path, stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as started:
        part = tmp_path / "out" / "a.partial.mp4"
        until_s = time.monotonic() + 60
        while not (part.exists() and part.stat().st_size > 0):
            assert time.monotonic() < until_s
            time.sleep(0.01)
        os.killpg(started.pid, number)  # As a terminal does, to all processes of the run.
        _, told = started.communicate()
    assert started.returncode == 130
    assert told.startswith("livefilter: interrupted; 0 of 2 inputs are done, --resume goes on")
    assert _is_gone(started.pid)
    with VideoFile(part) as made:
        assert 0 < sum(1 for _ in made) < 3000
    assert not (tmp_path / "out" / "a.mp4").exists()
