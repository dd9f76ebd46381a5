"""Score tables."""

from __future__ import annotations

import csv
import errno
import io
import json
import sys
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from livefilter.analysis import Analysis, Result
from livefilter.errors import MissingPackageError, OptionError, SinkError
from livefilter.frame import Frame
from livefilter.kernels import EdgeScore
from livefilter.sinks import Provenance, ScoreSink

PICTURE = np.zeros((2, 2), np.uint8)
ROWS = [
    (Frame(PICTURE, 0, Fraction(0), 0), EdgeScore(0.1, 0.25, 1.0)),
    (Frame(PICTURE, 3, Fraction(1001, 30000), 0), EdgeScore(1 / 3, 0.0, 1e-9)),
]
VALUES = [(0, 0.0, 0.1, 0.25, 1.0), (3, 1001 / 30000, 1 / 3, 0.0, 1e-9)]
PROVENANCE = Provenance("hall # 1.mp4", "edge", "0123456789abcdef", "1.2.3")
NOTED = {"source": "hall # 1.mp4", "preset": "edge", "preset_hash": "0123456789abcdef", "livefilter": "1.2.3"}
FIELDS = ["index", "time_s", "horizontal", "vertical", "density"]


def write(sink: ScoreSink, then: BaseException | None = None) -> None:
    """Write both rows, and raise what comes then."""
    for frame, score in ROWS:
        sink.write(Result.unfiltered(frame, score))
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
    """The message lists those that there are."""
    with pytest.raises(OptionError, match=r"ends in \.csv, \.jsonl, \.parquet"):
        ScoreSink(Path(name))


def test_a_missing_folder_is_refused(tmp_path: Path) -> None:
    """It is not made: the name may be a typing error."""
    with pytest.raises(SinkError, match="does not exist; make it first"):
        ScoreSink(tmp_path / "missing" / "a.csv")


def test_an_error_leaves_nothing_and_an_interrupt_the_rows_so_far(tmp_path: Path) -> None:
    """As with a video."""
    with pytest.raises(SinkError), ScoreSink(tmp_path / "a.csv") as sink:
        write(sink, SinkError("full"))
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
def test_a_full_disk_behind_a_file_is_an_error_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last rows are still in a buffer when the file is closed; their loss is an error too."""
    real_open = Path.open

    def open_full(path: Path, mode: str = "r", **options: Any) -> Any:
        return real_open(Path("/dev/full") if mode == "w" else path, mode, **options)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "open", open_full)
        sink = ScoreSink(tmp_path / "a.csv")
    with pytest.raises(SinkError, match="cannot be written: No space left"), sink:
        write(sink)
    assert names(tmp_path) == []


def test_a_csv_notes_its_origin_in_a_comment(tmp_path: Path) -> None:
    """A first line that begins with a hash sign and holds a JSON object; the table follows."""
    with ScoreSink(tmp_path / "a.csv", provenance=PROVENANCE) as sink:
        write(sink)
    with (tmp_path / "a.csv").open(newline="") as file:
        noted = file.readline()
        rows = list(csv.DictReader(file))
    assert noted.startswith("# ")
    assert json.loads(noted[2:]) == NOTED
    assert [tuple(map(float, row.values())) for row in rows] == VALUES


def test_json_lines_note_their_origin_in_a_first_object(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The only one without an index, in a file and on standard output; nothing is printed before there is a row."""
    with ScoreSink(tmp_path / "a.jsonl", provenance=PROVENANCE) as sink:
        write(sink)
    with ScoreSink(Path("-"), provenance=PROVENANCE) as sink:
        assert capsys.readouterr().out == ""
        write(sink)
    for text in ((tmp_path / "a.jsonl").read_text(), capsys.readouterr().out):
        noted, *rows = map(json.loads, text.splitlines())
        assert noted == NOTED
        assert [tuple(row.values()) for row in rows] == VALUES


def test_parquet_keeps_rows_types_and_origin(tmp_path: Path) -> None:
    """Whole numbers and floats come back as they were."""
    from pyarrow import parquet

    with ScoreSink(tmp_path / "a.parquet", provenance=PROVENANCE) as sink:
        write(sink)
    table = parquet.read_table(tmp_path / "a.parquet")
    assert [(field.name, str(field.type)) for field in table.schema] == [
        ("index", "int64"), *((name, "double") for name in FIELDS[1:]),
    ]  # fmt: skip
    assert [tuple(row.values()) for row in table.to_pylist()] == VALUES
    assert json.loads(table.schema.metadata[b"livefilter"]) == NOTED
    assert names(tmp_path) == ["a.parquet"]


def test_a_long_parquet_is_written_in_row_groups(tmp_path: Path) -> None:
    """So that memory does not grow with a recording; every row is in one of them, in order."""
    from pyarrow import parquet

    with ScoreSink(tmp_path / "a.parquet") as sink:
        for index in range(5000):
            sink.write(Result.unfiltered(Frame(PICTURE, index, Fraction(index, 25), 0), EdgeScore(0.1, 0.2, 0.3)))
    file = parquet.ParquetFile(tmp_path / "a.parquet")
    assert file.num_row_groups == 2
    assert file.read()["index"].to_pylist() == list(range(5000))


def test_an_interrupted_parquet_can_be_read(tmp_path: Path) -> None:
    """Its end is written, without which no reader takes it."""
    from pyarrow import parquet

    with pytest.raises(KeyboardInterrupt), ScoreSink(tmp_path / "a.parquet") as sink:
        write(sink, KeyboardInterrupt())
    assert names(tmp_path) == ["a.partial.parquet"]
    assert parquet.read_table(tmp_path / "a.partial.parquet").num_rows == 2


def test_without_pyarrow_the_error_names_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before anything is filtered, and nothing is left behind."""
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(MissingPackageError, match=r"pip install 'livefilter\[parquet\]'"):
        ScoreSink(tmp_path / "a.parquet")
    assert names(tmp_path) == []


DOOR, HALL = EdgeScore(0.5, 0.25, 0.75), EdgeScore(0.125, 1 / 3, 0)
ZONE_FIELDS = [f"{zone}.{name}" for zone in ("door", "hall") for name in FIELDS[2:]]


def write_zones(sink: ScoreSink, *zones: dict[str, EdgeScore]) -> None:
    """Write a row for each frame with these zones."""
    frame, score = ROWS[0]
    for scores in zones:
        sink.write(Result(frame, PICTURE, PICTURE, Analysis(score, scores)))


def test_a_csv_has_columns_for_each_zone_of_the_first_frame(tmp_path: Path) -> None:
    """What a later frame lacks is empty; a zone that comes later has no columns, which is noted once."""
    with ScoreSink(tmp_path / "a.csv") as sink:
        write_zones(sink, {"door": DOOR, "hall": HALL}, {"hall": HALL}, *[{"late": DOOR}] * 2)
    with (tmp_path / "a.csv").open(newline="") as file:
        head, *rows = csv.reader(file)
    assert head == FIELDS + ZONE_FIELDS
    values = [[*row[:5], *(value and float(value) for value in row[5:])] for row in rows]
    assert [row[5:] for row in values] == [
        [0.5, 0.25, 0.75, 0.125, 1 / 3, 0],
        ["", "", "", 0.125, 1 / 3, 0],
        [""] * 6,
        [""] * 6,
    ]
    assert sink.notes == (f"{tmp_path / 'a.csv'}: no columns for zone 'late', which came after the first frame",)


def test_json_lines_have_the_zones_of_each_frame(tmp_path: Path) -> None:
    """No more, and no less; nothing is to be noted."""
    with ScoreSink(tmp_path / "a.jsonl") as sink:
        write_zones(sink, {"door": DOOR}, {"hall": HALL})
    first, second = map(json.loads, (tmp_path / "a.jsonl").read_text().splitlines())
    assert list(first) == FIELDS + ZONE_FIELDS[:3]
    assert list(second) == FIELDS + ZONE_FIELDS[3:]
    assert (second["hall.vertical"], sink.notes) == (1 / 3, ())


def test_parquet_has_columns_for_each_zone_of_the_first_frame(tmp_path: Path) -> None:
    """What a later frame lacks is null."""
    from pyarrow import parquet

    with ScoreSink(tmp_path / "a.parquet", provenance=PROVENANCE) as sink:
        write_zones(sink, {"door": DOOR, "hall": HALL}, {"hall": HALL, "late": DOOR})
    table = parquet.read_table(tmp_path / "a.parquet")
    assert table.column_names == FIELDS + ZONE_FIELDS
    assert table["door.density"].to_pylist() == [0.75, None]
    assert table["hall.vertical"].to_pylist() == [1 / 3, 1 / 3]
    assert json.loads(table.schema.metadata[b"livefilter"]) == NOTED
    assert len(sink.notes) == 1


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_a_table_without_a_frame_has_the_columns_of_every_table(tmp_path: Path, ending: str) -> None:
    """So that programs can read it."""
    with ScoreSink(tmp_path / f"a.{ending}"):
        pass
    if ending == "csv":
        assert (tmp_path / "a.csv").read_text() == ",".join(FIELDS) + "\n"
        return
    from pyarrow import parquet

    table = parquet.read_table(tmp_path / "a.parquet")
    assert (table.column_names, table.num_rows) == (FIELDS, 0)
