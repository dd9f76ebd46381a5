"""Tables of scores."""

from __future__ import annotations

import csv
import errno
import io
import json
import sys
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from livefilter.errors import OptionError, SinkError
from livefilter.frame import Frame
from livefilter.kernels import EdgeScore
from livefilter.sinks import ScoreSink

PICTURE = np.zeros((2, 2), np.uint8)
ROWS = [
    (Frame(PICTURE, 0, Fraction(0), 0), EdgeScore(0.1, 0.25, 1.0)),
    (Frame(PICTURE, 3, Fraction(1001, 30000), 0), EdgeScore(1 / 3, 0.0, 1e-9)),
]
VALUES = [(0, 0.0, 0.1, 0.25, 1.0), (3, 1001 / 30000, 1 / 3, 0.0, 1e-9)]
FIELDS = ["index", "time_s", "horizontal", "vertical", "density"]


def write(sink: ScoreSink, then: BaseException | None = None) -> None:
    """Write both rows, and raise what comes then."""
    for frame, score in ROWS:
        sink.write(frame, score)
    if then is not None:
        raise then


def names(folder: Path) -> list[str]:
    """What is in a folder."""
    return sorted(path.name for path in folder.iterdir())


class Stream(io.StringIO):
    """A standard output that fails in one of its methods."""

    def __init__(self, method: str, error: OSError) -> None:
        super().__init__()
        self._method, self._error = method, error

    def write(self, text: str, /) -> int:
        """As a file."""
        if self._method == "write":
            raise self._error
        return super().write(text)

    def flush(self) -> None:
        """As a file."""
        if self._method == "flush":
            raise self._error


def test_a_csv_has_a_head_and_a_row_for_each_frame(tmp_path: Path) -> None:
    """Numbers come back exactly: Python writes the shortest text that is the same float."""
    with ScoreSink(tmp_path / "a.csv") as sink:
        write(sink)
        assert sink.finish() == str(tmp_path / "a.csv")
    with (tmp_path / "a.csv").open(newline="") as file:
        head, *rows = csv.reader(file)
    assert head == FIELDS
    assert [tuple(map(float, row)) for row in rows] == VALUES
    assert names(tmp_path) == ["a.csv"]


def test_json_lines_have_an_object_for_each_frame(tmp_path: Path) -> None:
    """The same names and numbers, one line each."""
    with ScoreSink(tmp_path / "a.jsonl") as sink:
        write(sink)
    rows = [json.loads(line) for line in (tmp_path / "a.jsonl").read_text().splitlines()]
    assert [list(row) for row in rows] == [FIELDS, FIELDS]
    assert [tuple(row.values()) for row in rows] == VALUES


def test_a_dash_is_standard_output(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """JSON Lines; no file is named, and none is made."""
    with ScoreSink(Path("-")) as sink:
        write(sink)
        assert sink.finish() is None
    assert len(capsys.readouterr().out.splitlines()) == 2


def test_a_table_that_exists_is_kept_unless_told_otherwise(tmp_path: Path) -> None:
    """As with every output."""
    (tmp_path / "a.csv").write_text("precious")
    with pytest.raises(SinkError, match="exists; give --overwrite"):
        ScoreSink(tmp_path / "a.csv")
    assert (tmp_path / "a.csv").read_text() == "precious"
    with ScoreSink(tmp_path / "a.csv", overwrite=True) as sink:
        write(sink)
    assert len((tmp_path / "a.csv").read_text().splitlines()) == 3


@pytest.mark.parametrize("name", ["a.txt", "a", ""])
def test_another_ending_is_refused(name: str, tmp_path: Path) -> None:
    """The message lists the two that there are."""
    with pytest.raises(OptionError, match=r"ends in \.csv or \.jsonl"):
        ScoreSink(Path(name))


def test_a_missing_folder_is_refused(tmp_path: Path) -> None:
    """It is not made: the name may be a typing error."""
    with pytest.raises(SinkError, match="does not exist; make it first"):
        ScoreSink(tmp_path / "missing" / "a.csv")


def test_an_error_leaves_nothing_and_an_interrupt_the_rows_so_far(tmp_path: Path) -> None:
    """As with a video."""
    with pytest.raises(RuntimeError), ScoreSink(tmp_path / "a.csv") as sink:
        write(sink, RuntimeError())
    assert names(tmp_path) == []
    with pytest.raises(KeyboardInterrupt), ScoreSink(tmp_path / "a.csv") as sink:
        write(sink, KeyboardInterrupt())
    assert names(tmp_path) == ["a.partial.csv"]
    assert len((tmp_path / "a.partial.csv").read_text().splitlines()) == 3


def test_an_interrupt_before_the_first_row_leaves_nothing(tmp_path: Path) -> None:
    """A head alone is of no use."""
    with pytest.raises(KeyboardInterrupt), ScoreSink(tmp_path / "a.csv"):
        raise KeyboardInterrupt
    assert names(tmp_path) == []


def test_once_finished_nothing_more_happens_to_it(tmp_path: Path) -> None:
    """A late discard does not take a partial table away."""
    sink = ScoreSink(tmp_path / "a.csv")
    write(sink)
    sink.finish(is_complete=False)
    sink.discard()
    assert sink.finish() is None
    assert names(tmp_path) == ["a.partial.csv"]


@pytest.mark.parametrize("method", ["write", "flush"])
def test_a_reader_that_has_enough_is_no_error_of_ours(method: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A closed pipe is passed on as it is, whether it shows at a row or only at the end."""
    monkeypatch.setattr(sys, "stdout", Stream(method, BrokenPipeError(errno.EPIPE, "Broken pipe")))
    with pytest.raises(BrokenPipeError), ScoreSink(Path("-")) as sink:
        write(sink)


@pytest.mark.parametrize("method", ["write", "flush"])
def test_a_full_disk_behind_standard_output_is_an_error(method: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The message names standard output and the reason."""
    monkeypatch.setattr(sys, "stdout", Stream(method, OSError(errno.ENOSPC, "No space left on device")))
    with (
        pytest.raises(SinkError, match="standard output: cannot be written: No space left"),
        ScoreSink(Path("-")) as sink,
    ):
        write(sink)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full")
def test_a_full_disk_behind_a_file_is_an_error_and_leaves_nothing(tmp_path: Path) -> None:
    """The last rows are still in a buffer when the file is closed; their loss is not passed over."""
    sink = ScoreSink(tmp_path / "a.csv")
    sink._stream.close()
    sink._stream = Path("/dev/full").open("w")  # noqa: SIM115 - the sink closes it
    sink._write_row = sink._json_rows()
    with pytest.raises(SinkError, match="cannot be written: No space left"), sink:
        write(sink)
    assert names(tmp_path) == []
