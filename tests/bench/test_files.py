"""The benchmark of whole files: each method reads every frame and makes the right picture, and goals are judged."""

from __future__ import annotations

import io
import json
import os
import re
import signal
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from pathlib import Path
from shutil import which

import pytest

from livefilter.bench import MismatchError
from livefilter.cli import run as livefilter_run
from livefilter.errors import SourceError
from livefilter.presets import load_preset
from tests.bench.__main__ import run
from tests.bench.clips import Clip, ffmpeg, make_clip
from tests.bench.files import (
    SOBEL,
    FileMeasurement,
    Method,
    check_method,
    ffv1_methods,
    measure_files,
    process_methods,
)
from tests.bench.files_report import files_json, files_table, long_json, long_lines
from tests.bench.long_file import LongMeasurement, measure_long

Require = Callable[[object, str], None]


@pytest.fixture
def small(require: Require, tmp_path: Path) -> Clip:
    """A clip of thirty small frames, made as the real one is."""
    require(which("ffmpeg"), "needs ffmpeg")
    return make_clip(tmp_path, size="160x96", seconds=1)


@pytest.mark.jit
def test_every_way_is_timed_and_compared(small: Clip, tmp_path: Path) -> None:
    """Measuring compares what all ways saw and made, so that it ends without an error is the proof."""
    score, process, ffv1 = measure_files(small, tmp_path, rounds=1)
    assert (score.job, process.job, ffv1.job) == ("score", "process", "process --codec ffv1")
    assert score.frames == process.frames == ffv1.frames == small.frames == 30
    for one in (score, process, ffv1):
        assert set(one.shares) == set(one.seconds) - {"livefilter"}
        assert set(one.aims) <= set(one.shares)
        assert all(seconds > 0 for seconds in one.seconds.values())
        assert one.peak_mb is None or 50 < one.peak_mb < 2000
    assert sorted(score.aims.values()) == [0.5, 0.5, 1.1]
    assert sorted(process.aims.values()) == [1.0, 1.0, 1.05, 1.05]
    assert list(ffv1.aims.values()) == [1.0]


def test_a_way_that_loses_a_frame_ends_the_run(small: Clip) -> None:
    """Who decodes less is faster, and no rival."""
    with pytest.raises(MismatchError, match="hasty: read 29 of 30 frames"):
        check_method(Method("hasty", lambda: 29), small)


@pytest.mark.jit
def test_every_way_that_writes_a_video_is_compared(small: Clip, tmp_path: Path) -> None:
    """Each makes its own picture, and none would pass for another one."""
    for way in (*process_methods(small, tmp_path), *ffv1_methods(small, tmp_path)):
        assert way.output is not None
        check_method(way, small)
        with pytest.raises(MismatchError, match="differs by"):
            check_method(replace(way, run=lambda: 30, preset=load_preset("blur")), small)


@pytest.mark.jit
def test_livefilter_and_ffmpeg_encode_with_the_same_settings(small: Clip, tmp_path: Path) -> None:
    """x264 writes into the file what it was told."""
    told = []
    for way in process_methods(small, tmp_path)[:4]:
        way.run()
        assert way.output is not None
        found = re.search(rb"options: (cabac=[ -~]*)", way.output.read_bytes())
        assert found, way.name
        told.append(found[1])
    assert len(told) == 4
    assert len(set(told)) == 1
    assert re.search(rb"\bcrf=18\.0", told[0])


def test_a_way_that_makes_another_picture_ends_the_run(small: Clip) -> None:
    """The unfiltered clip is not the filtered one."""
    with pytest.raises(MismatchError, match="idle: frame 0 differs by"):
        check_method(Method("idle", lambda: 30, output=small.path), small)


@pytest.mark.jit
def test_a_long_clip_tells_memory_and_promise(small: Clip, tmp_path: Path) -> None:
    """Peak memory of the whole and of its tenth, and what was promised after the tenth."""
    measured = measure_long(small, tmp_path)
    assert measured.seconds > 0
    assert measured.promised_s > 0
    assert measured.peak_mb is None or 50 < measured.peak_mb < 2000


def test_a_made_clip_can_be_a_repetition(require: Require, tmp_path: Path) -> None:
    """Half an hour is made of one minute, without encoding it thirty times."""
    require(which("ffmpeg"), "needs ffmpeg")
    assert make_clip(tmp_path, size="160x96", seconds=1, repeated=3).frames == 90


def test_what_ffmpeg_says_is_passed_on(require: Require) -> None:
    """A failure of the other program names its own reason."""
    require(which("ffmpeg"), "needs ffmpeg")
    with pytest.raises(SourceError, match="No such file"):
        ffmpeg("-i", "missing.mp4", "-f", "null")


def test_without_ffmpeg_the_error_names_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing is measured in silence without its rival, nor read, nor begun."""
    monkeypatch.setenv("PATH", "")
    assert run(["files", "--clip", "missing.mp4"]) == 2
    told = capsys.readouterr().err
    assert "apt-get install ffmpeg" in told
    assert "missing.mp4" not in told


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGTERM that a program could catch")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_removes_what_was_written(
    number: signal.Signals, small: Clip, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither Ctrl-C nor a polite kill leaves a gigabyte of frames in the temporary folder; handlers are put back."""
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))

    def interrupted(clip: Clip, folder: Path, *, rounds: int) -> Iterator[FileMeasurement]:
        (folder / "frames.nut").write_bytes(b"frames")
        os.kill(os.getpid(), number)
        yield _measured(1.0, 300)

    monkeypatch.setattr("tests.bench.__main__.measure_files", interrupted)
    before = signal.getsignal(number)
    assert run(["files", "--clip", str(small.path)]) == 130
    assert list(temporary.iterdir()) == []
    assert signal.getsignal(number) is before


def test_frames_that_ffmpeg_does_not_take_are_an_error(small: Clip, tmp_path: Path) -> None:
    """A full disk, or a folder that is not there, is reported, and not taken for ffmpeg ending early."""
    with pytest.raises(SourceError, match="ffmpeg could not write it"):
        small.filtered_by(SOBEL, tmp_path / "missing" / "filtered.nut")


@pytest.mark.parametrize(
    "arguments",
    [["files", "gaussian"], ["files", "--size", "640x480"], ["long", "--clip", "a"], ["halide", "--clip", "a"]],
)
def test_options_of_another_benchmark_are_refused(arguments: list[str]) -> None:
    """Options that would have no effect are an error."""
    assert run(arguments) == 2


@pytest.mark.parametrize("option", ["--files", "--long", "--clip=clip.mp4"])
def test_the_users_benchmark_has_no_options_for_files(option: str) -> None:
    """What only developers measure is not in the package."""
    assert livefilter_run(["bench", option]) == 2


def _measured(share: float, peak_mb: float) -> FileMeasurement:
    return FileMeasurement(
        "score", "clip", 300, {"livefilter": share, "ffmpeg": 1.0}, {"ffmpeg": share}, {"ffmpeg": 1.1}, peak_mb
    )


def test_the_table_says_which_aims_are_held() -> None:
    """A missed aim is called missed."""
    from rich.console import Console

    printed = io.StringIO()
    Console(file=printed, width=160).print(files_table([_measured(1.0, 300), _measured(1.2, 500)], "FFmpeg 5.1"))
    told = printed.getvalue()
    assert told.count("held") == told.count("missed") == 2
    assert "1.20 x" in told
    assert "FFmpeg 5.1" in told


def test_the_lines_of_the_long_clip_say_which_aims_are_held() -> None:
    """A promise that is wrong by a fifth is missed; memory that grows by a tenth is still flat."""
    told = "\n".join(long_lines(LongMeasurement("clip", 100.0, 80.0, 330.0, 300.0)))
    assert "wrong by 20.0% (aim 10%, missed)" in told
    assert "1.10 x (aim 1.10 x, held)" in told


def test_the_commands_print_what_they_measured(
    small: Clip, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """As a table or lines, or as JSON that holds everything."""
    measured, long = _measured(1.0, 300), LongMeasurement("clip", 100.0, 80.0, None, None)
    monkeypatch.setattr("tests.bench.__main__.measure_files", lambda *_, **__: iter([measured]))
    monkeypatch.setattr("tests.bench.__main__.make_clip", lambda *_, **__: small)
    monkeypatch.setattr("tests.bench.__main__.measure_long", lambda *_: long)
    assert run(["files", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["measured"] == [asdict(measured)]
    assert run(["long", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["measured"] == asdict(long) | {"eta_error": pytest.approx(0.2)}
    assert run(["files", "--clip", str(small.path)]) == 0
    assert "1.00 x" in capsys.readouterr().out
    assert run(["long"]) == 0
    assert "wrong by 20.0%" in capsys.readouterr().out


def test_json_holds_everything() -> None:
    """Each measurement, the competitor, and the error of the promise."""
    made = json.loads(files_json([_measured(1.0, 300)], "FFmpeg 5.1"))
    assert made["competitor"] == "FFmpeg 5.1"
    assert made["measured"][0]["shares"] == {"ffmpeg": 1.0}
    made = json.loads(long_json(LongMeasurement("clip", 100.0, 80.0, None, None)))
    assert made["measured"]["eta_error"] == pytest.approx(0.2)
