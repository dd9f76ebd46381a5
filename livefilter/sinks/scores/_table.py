"""Score tables with one row per frame: CSV, JSON Lines or Parquet files, or JSON Lines on standard output."""

from __future__ import annotations

import contextlib
import csv
import json
import os
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import fields
from fractions import Fraction
from pathlib import Path
from typing import Protocol, TextIO

from livefilter.analysis import EdgeScore, Result
from livefilter.errors import OptionError, SinkError
from livefilter.sinks._atomic_file import AtomicFile, write_error
from livefilter.sinks._provenance import Provenance
from livefilter.sinks._sink import Needs, Sink
from livefilter.sinks._write_guard import WriteGuard

SCORE_SUFFIXES = (".csv", ".jsonl", ".parquet")
_SCORES = tuple(field.name for field in fields(EdgeScore))
FIELDS = ("index", "time_s", *_SCORES)
Row = Mapping[str, float]
_FLUSH_INTERVAL_S = 1.0
"""A killed process loses at most so much of a CSV or JSON Lines table."""


class Table(Protocol):
    """A writer of rows.

    Attributes:
        has_fixed_columns: Rows have the columns of the first one.
    """

    has_fixed_columns: bool

    def begin(self, columns: Sequence[str]) -> None:
        """Write what precedes the first row: called once, before it, or before the end if there is none."""
        ...

    def write(self, row: Row) -> None:
        """Write one row, by column; a column that it lacks stays empty."""
        ...

    def flush(self) -> None:
        """Hand buffered rows to the system, where the format allows an unfinished file."""
        ...

    def close(self) -> None:
        """Flush and close."""
        ...


class ScoreSink(Sink):
    """A table of scores: index, time_s (media time in seconds), horizontal, vertical, density.

    Frames with zones have three more columns for each zone, such as door.horizontal, door.vertical and door.density. In
    CSV and Parquet the first frame decides the columns.

    The provenance is the header: in CSV a first line ``# {...}`` with a JSON object (pandas reads the table with
    ``comment="#"``), in JSON Lines a first object, the only one without an index, and in Parquet the metadata
    ``livefilter`` of the schema.

    Args:
        path: A .csv, .jsonl or .parquet file; or "-" for JSON Lines on standard output.
        provenance: Source and preset, for the header; None leaves the header out.
        overwrite: Replace an existing file.

    Raises:
        SinkError: The file cannot be created.
        OptionError: The suffix is unknown.
        MissingPackageError: The table is a .parquet file, and pyarrow is not installed.
    """

    needs = Needs.ANALYSIS

    def __init__(self, path: Path, *, provenance: Provenance | None = None, overwrite: bool = False) -> None:
        self.target = str(path)
        is_stdout = self.target == "-"
        suffix = path.suffix.lower()
        if not is_stdout and suffix not in SCORE_SUFFIXES:
            raise OptionError(
                f"{path}: a table of scores ends in {', '.join(SCORE_SUFFIXES)}, found {path.suffix or 'none'}"
            )
        self._frames_written = 0
        self._columns: tuple[str, ...] | None = None
        self._zones_without_columns: list[str] = []
        self._flushed_s = time.monotonic()
        self._write_guard = WriteGuard("standard output" if is_stdout else self.target)
        header = {} if provenance is None else provenance.as_dict()
        self._file = None if is_stdout else AtomicFile(path, overwrite=overwrite)
        self._table: Table
        if self._file is None:
            if sys.stdout is None or getattr(sys.stdout, "name", None) == os.devnull:
                raise SinkError("standard output: is closed, so that no scores can be written to it")
            self._table = _JsonTable(sys.stdout, header, is_live=True)
            return
        try:
            self._table = _table(self._file.partial, suffix, header)
        except OSError as error:
            self._file.discard()
            raise self._write_error(error) from error
        except BaseException:
            self._file.discard()
            raise

    def write(self, result: Result) -> None:
        """Write one row; tables hold no images."""
        row = _row(result)
        with self._write_guard.write():
            try:
                self._begin(tuple(row))
                self._table.write(row)
                now_s = time.monotonic()
                if now_s - self._flushed_s >= _FLUSH_INTERVAL_S:
                    self._table.flush()
                    self._flushed_s = now_s
            except BrokenPipeError:
                raise  # The reading program has closed the pipe, which is no error.
            except OSError as error:
                raise self._write_error(error) from error
            self._frames_written += 1
            self._note_zones_without_columns(result)

    def finish(self, *, is_complete: bool = True, end_s: Fraction | None = None) -> str | None:
        """Flush, and move the file into place; return its path, or None for standard output."""
        with self._write_guard.lock() as is_open:
            if is_open and (is_complete or self._frames_written):
                return self._finish(is_complete)
            self.discard()
            return None

    def discard(self) -> None:
        """Remove the unfinished file; rows on standard output remain."""
        with self._write_guard.lock() as is_open:
            self._write_guard.end()
            if self._file is not None and is_open:
                with contextlib.suppress(OSError):  # A full disk cannot take the last rows in the buffer.
                    self._table.close()
                self._file.discard()

    def _begin(self, columns: tuple[str, ...]) -> None:
        if self._columns is None:
            self._columns = columns
            self._table.begin(columns)

    def _note_zones_without_columns(self, result: Result) -> None:
        if not self._table.has_fixed_columns:
            return
        for zone in result.analysis.zones:
            if f"{zone}.{_SCORES[0]}" not in (self._columns or ()) and zone not in self._zones_without_columns:
                self._zones_without_columns.append(zone)
                self.notes += (f"{self.target}: no columns for zone {zone!r}, which came after the first frame",)

    def _finish(self, is_complete: bool) -> str | None:
        try:
            self._begin(FIELDS)
            self._table.close()
        except BrokenPipeError:
            raise
        except OSError as error:
            raise self._write_error(error) from error
        self._write_guard.end()
        if self._file is None:
            return None
        return str(self._file.complete() if is_complete else self._file.keep_partial())

    def _write_error(self, error: OSError) -> SinkError:
        target = "standard output" if self._file is None else self.target
        return write_error(Path(target), error, frames=self._frames_written or None)


def _row(result: Result) -> Row:
    frame = result.frame
    row: dict[str, float] = {"index": frame.index, "time_s": float(frame.time_s)}
    for prefix, score in (("", result.score), *((f"{zone}.", score) for zone, score in result.analysis.zones.items())):
        row.update((f"{prefix}{name}", getattr(score, name)) for name in _SCORES)
    return row


def _table(path: Path, suffix: str, header: dict[str, str]) -> Table:
    if suffix == ".parquet":
        from livefilter.sinks.scores._parquet import ParquetTable

        return ParquetTable(path, header)
    stream = path.open("w", encoding="utf-8", newline="")
    return _CsvTable(stream, header) if suffix == ".csv" else _JsonTable(stream, header)


class _CsvTable:
    has_fixed_columns = True

    def __init__(self, stream: TextIO, header: dict[str, str]) -> None:
        self._stream = stream
        if header:
            stream.write(f"# {json.dumps(header)}\r\n")
        self._rows = csv.writer(stream)
        self._columns: Sequence[str] = ()

    def begin(self, columns: Sequence[str]) -> None:
        self._columns = columns
        self._rows.writerow(columns)

    def write(self, row: Row) -> None:
        self._rows.writerow([row.get(column, "") for column in self._columns])

    def flush(self) -> None:
        self._stream.flush()

    def close(self) -> None:
        self._stream.close()


class _JsonTable:
    has_fixed_columns = False

    def __init__(self, stream: TextIO, header: dict[str, str], *, is_live: bool = False) -> None:
        self._stream = stream
        self._is_live = is_live  # Flush each row for readers of a live source; leave standard output open.
        self._header = header

    def begin(self, columns: Sequence[str]) -> None:
        pass

    def write(self, row: Row) -> None:
        if self._header:  # With the first row: an error before it leaves standard output empty.
            self._stream.write(json.dumps(self._header) + "\n")
            self._header = {}
        self._stream.write(json.dumps(row) + "\n")
        if self._is_live:
            self._stream.flush()

    def flush(self) -> None:
        self._stream.flush()

    def close(self) -> None:
        if self._is_live:
            self._stream.flush()
        else:
            self._stream.close()
