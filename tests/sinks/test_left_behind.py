"""Partial files of runs that were killed: every sink keeps them under a number, and logs it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from livefilter.analysis import Result
from livefilter.errors import SinkError
from livefilter.frame import Frame
from livefilter.kernels import EdgeScore
from livefilter.sinks import PlotSink, ScoreSink, Sink, open_sink, write_image

LEFT = b"an hour of night"


def video_or_pictures(path: Path) -> Sink:
    """The sink of an ending, which may replace what exists."""
    return open_sink(path, rate=Fraction(25), time_base=Fraction(1, 25), overwrite=True)


def written(open_: Callable[[Path], Sink], path: Path) -> None:
    """Write one frame and finish."""
    with open_(path) as sink:
        sink.write(Result.unfiltered(Frame(np.zeros((16, 16), np.uint8), 7, Fraction(0), 0), EdgeScore(0.1, 0.2, 0.3)))


def names(folder: Path) -> list[str]:
    """What is in a folder."""
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize(
    ("open_", "name", "stem", "suffix"),
    [
        (video_or_pictures, "night.mp4", "night", ".mp4"),
        (video_or_pictures, "night.mkv", "night", ".mkv"),
        (video_or_pictures, "night.gif", "night", ".gif"),
        (video_or_pictures, "night.png", "night", ".png"),
        (video_or_pictures, "night-%03d.jpg", "night-007", ".jpg"),
        (ScoreSink, "night.csv", "night", ".csv"),
        (ScoreSink, "night.jsonl", "night", ".jsonl"),
        (ScoreSink, "night.parquet", "night", ".parquet"),
        (PlotSink, "night.svg", "night", ".svg"),
    ],
)
def test_what_a_killed_run_left_is_kept_under_a_number_and_logged(
    open_: Callable[[Path], Sink],
    name: str,
    stem: str,
    suffix: str,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Under the first number that is free, each time; the new output is made as if nothing had been there."""
    partial = tmp_path / f"{stem}.partial{suffix}"
    for number in (1, 2):
        partial.write_bytes(LEFT + bytes([number]))
        written(open_, tmp_path / name)
        kept = tmp_path / f"{stem}.partial.{number}{suffix}"
        assert kept.read_bytes() == LEFT + bytes([number])
        assert caplog.messages == [f"{partial} was left by an earlier run; it is kept as {kept}"]
        caplog.clear()
        (tmp_path / f"{stem}{suffix}").unlink()
    assert names(tmp_path) == [f"{stem}.partial.{number}{suffix}" for number in (1, 2)]


def test_a_snapshot_keeps_what_was_left_too(tmp_path: Path) -> None:
    """It is written beside its place, as all outputs are."""
    (tmp_path / "a.partial.png").write_bytes(LEFT)
    write_image(tmp_path / "a.png", np.zeros((4, 4), np.uint8))
    assert names(tmp_path) == ["a.partial.1.png", "a.png"]


def test_an_output_that_fails_after_all_leaves_what_was_left(tmp_path: Path) -> None:
    """Only its own part is removed."""
    (tmp_path / "a.partial.csv").write_bytes(LEFT)
    ScoreSink(tmp_path / "a.csv").discard()
    assert names(tmp_path) == ["a.partial.1.csv"]


def test_an_empty_file_holds_nothing_to_keep(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A run that was killed before its first frame."""
    (tmp_path / "a.partial.csv").touch()
    written(ScoreSink, tmp_path / "a.csv")
    assert (names(tmp_path), caplog.messages) == (["a.csv"], [])


@pytest.mark.skipif(sys.platform == "win32", reason="no locks there")
def test_what_another_run_is_writing_is_not_moved(tmp_path: Path) -> None:
    """It is refused as before, and the first run's table is whole."""
    first = ScoreSink(tmp_path / "a.csv")
    with (tmp_path / "a.partial.csv").open("ab") as more:
        more.write(b"# by another program\r\n")  # So that the file is not empty, whatever is still in buffers.
    with pytest.raises(SinkError, match="another run is writing it"):
        ScoreSink(tmp_path / "a.csv")
    assert names(tmp_path) == ["a.partial.csv"]
    with first:
        first.write(Result.unfiltered(Frame(np.zeros((16, 16), np.uint8), 0, Fraction(0), 0), EdgeScore(0.1, 0.2, 0.3)))
    assert names(tmp_path) == ["a.csv"]


@pytest.mark.skipif(sys.platform == "win32", reason="no locks there")
def test_a_run_is_locked_out_also_where_one_was_killed_before(tmp_path: Path) -> None:
    """The file that is made in the place of what was left is locked as any other."""
    (tmp_path / "a.partial.csv").write_bytes(LEFT)
    with ScoreSink(tmp_path / "a.csv") as first:
        with pytest.raises(SinkError, match="another run is writing it"):
            ScoreSink(tmp_path / "a.csv")
        first.write(Result.unfiltered(Frame(np.zeros((16, 16), np.uint8), 0, Fraction(0), 0), EdgeScore(0.1, 0.2, 0.3)))
    assert names(tmp_path) == ["a.csv", "a.partial.1.csv"]
