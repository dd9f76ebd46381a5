"""``process``, ``score`` and ``demo``: files in, files out, and what they print."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from livefilter import __version__
from livefilter.cli import report_summary, run
from livefilter.sources import open_source
from livefilter.testing import running

Pictures = list[NDArray[np.uint8]]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, clip: Path) -> Path:
    """A folder with the clip in it, which is the current one."""
    folder = tmp_path / "here"
    folder.mkdir()
    (folder / "clip.mp4").write_bytes(clip.read_bytes())
    monkeypatch.chdir(folder)
    return folder


def names(folder: Path) -> list[str]:
    """What is in a folder."""
    return sorted(path.name for path in folder.iterdir())


def count(path: Path) -> int:
    """How many frames a video has."""
    with open_source(path) as source:
        return len(list(source))


def rows(text: str) -> list[dict[str, float]]:
    """JSON Lines as a list, without their head."""
    head, *lines = map(json.loads, text.splitlines())
    assert head["livefilter"] == __version__
    return lines


def test_a_video_and_a_table_are_written_and_told(
    here: Path, negative: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The report names source, preset, frames, mean scores and both files, on standard output."""
    assert run(["process", "clip.mp4", "-o", "out.mkv", "-p", negative, "--scores", "out.csv"]) == 0
    told = capsys.readouterr()
    assert names(here) == ["clip.mp4", "out.csv", "out.mkv"]
    assert count(here / "out.mkv") == 8
    with (here / "out.csv").open(newline="") as file:
        assert len(list(csv.reader(file))) == 10
    first, means, *wrote = told.out.splitlines()
    assert first.startswith("clip.mp4 with negative: 8 frames at ")
    assert means.startswith("mean scores: horizontal 0.")
    assert wrote == ["wrote out.mkv", "wrote out.csv"]
    assert told.err == ""


def test_the_report_can_be_json(here: Path, negative: str, capsys: pytest.CaptureFixture[str]) -> None:
    """One object on standard output, for programs."""
    assert run(["process", "clip.mp4", "-o", "out.mp4", "-p", negative, "--json"]) == 0
    summary = json.loads(capsys.readouterr().out)
    assert summary["frames"] == 8
    assert summary["outputs"] == ["out.mp4"]
    assert set(summary["mean_score"]) == {"horizontal", "vertical", "density"}
    assert (summary["loss"], summary["is_interrupted"], summary["dropped"]) == (None, False, 0)


def test_quiet_prints_nothing(here: Path, negative: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Unless something is wrong."""
    assert run(["process", "clip.mp4", "-p", negative, "-q"]) == 0
    assert capsys.readouterr() == ("", "")
    assert names(here) == ["clip-negative.mp4", "clip.mp4"]


def test_scores_on_standard_output_leave_it_to_themselves(
    here: Path, negative: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Then the report goes to standard error, also as JSON, so that what is piped is rows alone."""
    assert run(["process", "clip.mp4", "-p", negative, "--scores", "-", "--json"]) == 0
    told = capsys.readouterr()
    assert [row["index"] for row in rows(told.out)] == list(range(8))
    assert json.loads(told.err)["outputs"] == ["clip-negative.mp4"]


def test_score_writes_rows_alone(
    here: Path, make_clip: Callable[..., Path], pictures: Pictures, capsys: pytest.CaptureFixture[str]
) -> None:
    """JSON Lines with the file's own times; the report on standard error; no picture is made."""
    pts = [50, 51, 60, 61, 62, 90, 91, 140]
    make_clip(here / "vfr.mp4", pictures, pts=pts, time_base=Fraction(1, 100))
    assert run(["score", "vfr.mp4"]) == 0
    told = capsys.readouterr()
    assert [row["time_s"] for row in rows(told.out)] == [tick / 100 for tick in pts]
    assert told.err.startswith("vfr.mp4 with edge: 8 frames at ")
    assert "wrote" not in told.err
    assert names(here) == ["clip.mp4", "vfr.mp4"]


def test_score_writes_a_table(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The same numbers, to a file."""
    assert run(["score", "clip.mp4", "-o", "a.csv", "-q"]) == 0
    assert run(["score", "clip.mp4", "-o", "a.csv", "-q"]) == 4
    assert run(["score", "clip.mp4", "-o", "a.csv", "-q", "--overwrite"]) == 0
    assert run(["score", "clip.mp4", "-q"]) == 0
    with (here / "a.csv").open(newline="") as file:
        table = [
            {name: float(value) for name, value in row.items()}
            for row in csv.DictReader(line for line in file if line[0] != "#")
        ]
    assert table == rows(capsys.readouterr().out)


def test_a_preset_may_score_by_other_kernels(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Score takes kernels and threshold from the preset, and runs none of its steps."""
    Path("own.yaml").write_text(
        "steps: [gaussian: {size: 63}]\nscore: {threshold: 1, horizontal: [[1], [-1]], vertical: [[-1], [1]]}\n"
    )
    assert run(["score", "clip.mp4", "-p", "own.yaml", "-q"]) == 0
    row = rows(capsys.readouterr().out)[0]
    assert row["horizontal"] == row["vertical"] > 0


def test_environment_variables_are_defaults_and_flags_overrule_them(
    here: Path, negative: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """LIVEFILTER_PRESET and LIVEFILTER_THREADS."""
    monkeypatch.setenv("LIVEFILTER_PRESET", negative)
    monkeypatch.setenv("LIVEFILTER_THREADS", "2")
    assert run(["process", "clip.mp4", "-q"]) == 0
    assert names(here) == ["clip-negative.mp4", "clip.mp4"]
    assert run(["process", "clip.mp4", "-p", "edgy"]) == 2
    monkeypatch.setenv("LIVEFILTER_THREADS", "none")
    assert run(["process", "clip.mp4", "-q"]) == 2
    assert "--threads" in capsys.readouterr().err


def test_the_original_can_be_shown_beside(here: Path, negative: str) -> None:
    """--compare side makes the video twice as wide; -c names the preset, as -p does."""
    assert run(["process", "clip.mp4", "-o", "a.mp4", "-c", negative, "--compare", "side", "-q"]) == 0
    with open_source(here / "a.mp4") as source:
        assert source.facts.shape == (48, 128)


def test_a_loss_is_exit_5_and_is_named(
    here: Path, make_clip: Callable[..., Path], pictures: Pictures, negative: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A truncated file gives what is there, also when quiet."""
    content = make_clip(here / "cut.mp4", pictures, g="1").read_bytes()
    (here / "cut.mp4").write_bytes(content[: len(content) * 7 // 10])
    assert run(["process", "cut.mp4", "-o", "out.mp4", "-p", negative, "-q"]) == 5
    told = capsys.readouterr()
    assert told.out == ""
    # How many threads decode decides whether the packet that is cut through counts as damaged, or as missing.
    assert re.match(r"livefilter: lost: cut.mp4: (1 damaged packet .*; )?only \d of 8 frames could be read", told.err)
    assert told.err.count("\n") == 1
    assert 1 <= count(here / "out.mp4") < 8


def test_pictures_that_change_their_size_are_exit_5(
    here: Path, negative: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The video holds those of the first size."""
    (here / "in").mkdir()
    for number, side in enumerate((8, 8, 9)):
        cv2.imwrite(f"in/{number}.png", np.zeros((side, 8), np.uint8))
    assert run(["process", "in", "-o", "out.mp4", "-p", negative]) == 5
    assert "the size changed from (8, 8) to (9, 8) at frame 2" in capsys.readouterr().err
    assert count(here / "out.mp4") == 2


def test_progress_is_shown_on_a_terminal_alone(
    here: Path, negative: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A bar with the number of frames and the rate; nothing where standard error is piped, or with --quiet."""

    class Terminal(io.StringIO):
        """Says that it is one."""

        def isatty(self) -> bool:
            """As a terminal."""
            return True

    told: list[str] = []
    monkeypatch.setenv("TERM", "xterm")
    with monkeypatch.context() as patch:
        for flags, terminal in (([], Terminal()), (["-q"], Terminal())):
            patch.setattr(sys, "stderr", terminal)
            assert run(["process", "clip.mp4", "-p", negative, "--overwrite", *flags]) == 0
            told.append(terminal.getvalue())
    shown, hidden = told
    assert hidden == ""
    assert "clip.mp4" in shown
    assert "8/8" in shown
    assert " fps" in shown
    capsys.readouterr()
    assert run(["process", "clip.mp4", "-p", negative, "--overwrite"]) == 0
    assert capsys.readouterr().err == ""


def test_a_full_disk_is_exit_4_and_leaves_nothing_unfinished(here: Path, negative: str) -> None:
    """In a process whose files may not grow beyond a thousand bytes: the table fits, so it is complete and named."""
    code = (
        "import resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000)); "
        "from livefilter.cli import run; sys.exit(run(sys.argv[1:]))"
    )
    arguments = ["process", "clip.mp4", "-o", "out.mp4", "-p", negative, "--scores", "out.csv"]
    ran = subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=False, timeout=100
    )
    assert ran.returncode == 4
    failure, note = ran.stderr.splitlines()[-2:]
    assert failure.startswith("livefilter: out.mp4: cannot be written: File too large")
    assert note == "livefilter: wrote out.csv"
    assert names(here) == ["clip.mp4", "out.csv"]
    assert len((here / "out.csv").read_text().splitlines()) == 2 + 8  # Provenance, heads, rows.


@pytest.fixture(scope="module")
def long_clip(tmp_path_factory: pytest.TempPathFactory, make_clip: Callable[..., Path]) -> Path:
    """Two thousand tiny frames: their scores, some 100 bytes each, are more than any pipe holds."""
    pictures = [np.full((16, 16), index % 256, np.uint8) for index in range(2000)]
    return make_clip(tmp_path_factory.mktemp("long") / "long.mp4", pictures, preset="ultrafast")


@pytest.mark.skipif(sys.platform == "win32", reason="no such signals")
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_a_signal_midway_leaves_a_playable_video(name: str, long_clip: Path, negative: str, tmp_path: Path) -> None:
    """Exit code 130, one line that says so, and the frames so far under a name that says partial.

    The scores are not read before the signal is sent: the full pipe holds the run up, wherever it is.
    """
    with running(
        [sys.executable, "-m", "livefilter", "process", str(long_clip), "-o", "out.mp4", "-p", negative,
         "--scores", "-", "-q"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        bufsize=0,  # Or communicate would not know of what was read ahead.
    ) as started:  # fmt: skip
        assert started.stdout is not None
        first = b"".join(started.stdout.readline() for _ in range(6))
        started.send_signal(getattr(signal, name))
        rest, told = started.communicate(timeout=100)
    scored = rows((first + rest).decode())
    assert started.returncode == 130
    assert 5 <= len(scored) < 2000
    assert names(tmp_path) == ["out.partial.mp4"]
    assert count(tmp_path / "out.partial.mp4") == len(scored)
    assert told.decode() == f"livefilter: interrupted after {len(scored)} frames\n"


def test_a_reader_that_has_enough_ends_the_run_quietly(long_clip: Path, negative: str, tmp_path: Path) -> None:
    """``livefilter ... --scores - | head -1``: exit code 0, no complaint, and the video so far is kept."""
    with running(
        [sys.executable, "-m", "livefilter", "process", str(long_clip), "-o", "out.mp4", "-p", negative,
         "--scores", "-"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as started:  # fmt: skip
        assert started.stdout is not None
        assert started.stderr is not None
        assert json.loads(started.stdout.readline())["source"] == long_clip.name
        started.stdout.close()
        assert started.stderr.read() == ""
        assert started.wait(timeout=100) == 0
    assert names(tmp_path) == ["out.partial.mp4"]
    assert 0 < count(tmp_path / "out.partial.mp4") < 2000


def test_the_demo_writes_a_video_and_a_table(
    tmp_path: Path, clip: Path, negative: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Into a folder that it makes, again and again; here on another clip, for speed."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "recordings").mkdir()
    (tmp_path / "recordings" / "webcam.mp4").write_bytes(clip.read_bytes())
    monkeypatch.setattr("livefilter.resources.resource_folder", lambda name: tmp_path / name)
    for _ in range(2):
        assert run(["demo", "-p", negative]) == 0
    assert names(tmp_path / "livefilter-demo") == ["webcam-negative.csv", "webcam-negative.mp4"]
    told = capsys.readouterr().out
    assert "webcam.mp4 with negative: 8 frames" in told
    assert f"wrote {Path('livefilter-demo') / 'webcam-negative.mp4'}" in told


def test_the_demo_does_without_a_window_where_there_is_no_display(
    tmp_path: Path, clip: Path, negative: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It says so, and goes on."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("QT_QPA_PLATFORM", raising=False)
    monkeypatch.setattr("sys.platform", "linux")
    (tmp_path / "recordings").mkdir()
    (tmp_path / "recordings" / "webcam.mp4").write_bytes(clip.read_bytes())
    monkeypatch.setattr("livefilter.resources.resource_folder", lambda name: tmp_path / name)
    assert run(["demo", "-p", negative, "--window", "-q"]) == 0
    assert "there is no display" in capsys.readouterr().err
    assert names(tmp_path / "livefilter-demo") == ["webcam-negative.csv", "webcam-negative.mp4"]


@pytest.mark.jit
def test_the_demos_own_clip_is_there(tmp_path: Path, negative: str) -> None:
    """In a checkout and in an installation."""
    assert run(["demo", "-p", negative, "-d", str(tmp_path / "demo"), "-q"]) == 0
    assert count(tmp_path / "demo" / "webcam-negative.mp4") == 150


@pytest.mark.jit
def test_real_footage_has_a_row_for_each_frame_at_its_own_time(footage: Path, tmp_path: Path) -> None:
    """The whole of a security camera's clip: 1394 rows, times equal to the file's own."""
    path = footage / "one-by-one-person-detection.mp4"
    assert run(["score", str(path), "-o", str(tmp_path / "a.csv"), "-q"]) == 0
    with av.open(str(path)) as container:
        times = sorted(
            float(packet.pts * packet.time_base)
            for packet in container.demux(video=0)
            if packet.pts is not None and packet.time_base is not None
        )
    with (tmp_path / "a.csv").open(newline="") as file:
        scored = [float(row["time_s"]) for row in csv.DictReader(line for line in file if line[0] != "#")]
    assert len(scored) == 1394
    assert scored == times


def test_the_report_counts_in_words(capsys: pytest.CaptureFixture[str]) -> None:
    """One frame, two frames; dropped ones where there are any."""
    from livefilter.pipeline import Summary

    def summary(frames: int, dropped: int, is_interrupted: bool = False) -> Summary:
        return Summary("a", "b", frames, 1.0, 1.0, None, (), None, is_interrupted, dropped)

    assert report_summary(summary(1, 0)) == 0
    assert report_summary(summary(2, 3)) == 0
    assert report_summary(summary(1, 0, is_interrupted=True), is_quiet=True) == 130
    told = capsys.readouterr()
    assert told.err == "livefilter: interrupted after 1 frame\n"
    assert told.out.splitlines() == [
        "a with b: 1 frame at 1 fps",
        "a with b: 2 frames at 1 fps, 3 dropped",
    ]


def test_the_environment_is_left_as_it_was(here: Path, negative: str) -> None:
    """A run in another program's process restores its signal handlers."""
    before = (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM), dict(os.environ))
    run(["process", "clip.mp4", "-p", negative, "-q"])
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM), dict(os.environ)) == before
