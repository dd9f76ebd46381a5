"""Scores as a table, one row for each frame: CSV, JSON Lines or Parquet, or JSON Lines on standard output."""

from __future__ import annotations

import contextlib
import csv
import json
import sys
from pathlib import Path
from typing import Protocol, TextIO

from livefilter.errors import OptionError, SinkError
from livefilter.frame import Frame
from livefilter.kernels import EdgeScore
from livefilter.sinks._atomic_file import AtomicFile, write_error
from livefilter.sinks._lifetime import Lifetime
from livefilter.sinks._provenance import Provenance
from livefilter.sinks._sink import Sink

SCORE_SUFFIXES = (".csv", ".jsonl", ".parquet")
FIELDS = ("index", "time_s", "horizontal", "vertical", "density")
Row = tuple[float, ...]


class Table(Protocol):
    """Where rows go."""

    def write(self, row: Row) -> None:
        """Take one row."""
        ...

    def close(self) -> None:
        """Write what is left."""
        ...


class ScoreSink(Sink):
    """A table of scores: index, time_s (media time in seconds), horizontal, vertical, density.

    What made it is noted at its head: in a CSV as a first line ``# {...}`` that holds a JSON object (pandas reads the
    table with ``comment="#"``), in JSON Lines as a first object, the only one without an index, and in Parquet as the
    metadata ``livefilter`` of the schema.

    Args:
        path: A file that ends in .csv, .jsonl or .parquet; or "-" for JSON Lines on standard output.
        origin: What is noted at the head; nothing unless given.
        overwrite: Replace a file that exists.

    Raises:
        SinkError: The file cannot be made.
        OptionError: Another ending.
        MissingPackageError: .parquet, and pyarrow is not installed.
    """

    def __init__(self, path: Path, *, origin: Provenance | None = None, overwrite: bool = False) -> None:
        self.target = str(path)
        is_stdout = self.target == "-"
        suffix = path.suffix.lower()
        if not is_stdout and suffix not in SCORE_SUFFIXES:
            raise OptionError(
                f"{path}: a table of scores ends in {', '.join(SCORE_SUFFIXES)}, found {path.suffix or 'none'}"
            )
        self._written = 0
        self._lifetime = Lifetime("standard output" if is_stdout else self.target)
        noted = {} if origin is None else origin.as_dict()
        self._file = None if is_stdout else AtomicFile(path, overwrite=overwrite)
        self._table: Table
        if self._file is None:
            self._table = _JsonTable(sys.stdout, noted, is_live=True)
            return
        try:
            self._table = _table(self._file.partial, suffix, noted)
        except OSError as error:
            self._file.discard()
            raise self._failed(error) from error
        except BaseException:
            self._file.discard()
            raise

    def write(self, frame: Frame, score: EdgeScore) -> None:
        """Write one row; the picture is not kept."""
        with self._lifetime.write():
            try:
                self._table.write((frame.index, float(frame.time_s), score.horizontal, score.vertical, score.density))
            except BrokenPipeError:
                raise  # The reader has had enough, which is no error: the command line ends quietly.
            except OSError as error:
                raise self._failed(error) from error
            self._written += 1

    def finish(self, *, is_complete: bool = True) -> str | None:
        """Flush, and move the file into place; None for standard output, where nothing is left to be found."""
        with self._lifetime.hold() as is_open:
            if is_open and (is_complete or self._written):
                return self._finish(is_complete)
            self.discard()
            return None

    def discard(self) -> None:
        """Remove the unfinished file; what went to standard output is gone already."""
        with self._lifetime.hold() as is_open:
            self._lifetime.end()
            if self._file is not None and is_open:
                with contextlib.suppress(OSError):  # On a full disk, what is still in the buffer is dropped too.
                    self._table.close()
                self._file.discard()

    def _finish(self, is_complete: bool) -> str | None:
        try:
            self._table.close()
        except BrokenPipeError:
            raise
        except OSError as error:
            raise self._failed(error) from error
        self._lifetime.end()
        if self._file is None:
            return None
        return str(self._file.complete() if is_complete else self._file.keep())

    def _failed(self, error: OSError) -> SinkError:
        target = "standard output" if self._file is None else self.target
        return write_error(Path(target), error, frames=self._written or None)


def _table(path: Path, suffix: str, noted: dict[str, str]) -> Table:
    if suffix == ".parquet":
        from livefilter.sinks.scores._parquet import ParquetTable

        return ParquetTable(path, FIELDS, noted)
    stream = path.open("w", encoding="utf-8", newline="")
    return _CsvTable(stream, noted) if suffix == ".csv" else _JsonTable(stream, noted)


class _CsvTable:
    def __init__(self, stream: TextIO, noted: dict[str, str]) -> None:
        self._stream = stream
        if noted:
            stream.write(f"# {json.dumps(noted)}\r\n")
        self._rows = csv.writer(stream)
        self._rows.writerow(FIELDS)

    def write(self, row: Row) -> None:
        self._rows.writerow(row)

    def close(self) -> None:
        self._stream.close()


class _JsonTable:
    def __init__(self, stream: TextIO, noted: dict[str, str], *, is_live: bool = False) -> None:
        self._stream = stream
        self._is_live = is_live  # Who reads a pipe wants a live camera's rows when they come; and it stays open.
        self._head = noted

    def write(self, row: Row) -> None:
        if self._head:  # With the first row, not before: what fails earlier leaves standard output empty.
            self._stream.write(json.dumps(self._head) + "\n")
            self._head = {}
        self._stream.write(json.dumps(dict(zip(FIELDS, row, strict=True))) + "\n")
        if self._is_live:
            self._stream.flush()

    def close(self) -> None:
        if self._is_live:
            self._stream.flush()
        else:
            self._stream.close()
