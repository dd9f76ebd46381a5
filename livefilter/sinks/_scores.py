"""Scores as text: CSV or JSON Lines, one row for each frame, to a file or to standard output."""

from __future__ import annotations

import contextlib
import csv
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TextIO

from livefilter.errors import OptionError, SinkError
from livefilter.frame import Frame
from livefilter.kernels import EdgeScore
from livefilter.sinks._beside import Beside, cannot_write
from livefilter.sinks._sink import Sink

SCORE_SUFFIXES = (".csv", ".jsonl")
FIELDS = ("index", "time_s", "horizontal", "vertical", "density")


class ScoreSink(Sink):
    """A table of scores: index, time_s (media time in seconds), horizontal, vertical, density.

    Args:
        path: A file that ends in .csv or .jsonl; or "-" for JSON Lines on standard output.
        overwrite: Replace a file that exists.

    Raises:
        SinkError: The file cannot be made.
        OptionError: Another ending.
    """

    def __init__(self, path: Path, *, overwrite: bool = False) -> None:
        self.target = str(path)
        is_stdout = self.target == "-"
        if not is_stdout and path.suffix.lower() not in SCORE_SUFFIXES:
            raise OptionError(
                f"{path}: a table of scores ends in {' or '.join(SCORE_SUFFIXES)}, found {path.suffix or 'none'}"
            )
        self._file = None if is_stdout else Beside(path, overwrite=overwrite)
        self._stream: TextIO = (
            sys.stdout if self._file is None else self._file.partial.open("w", encoding="utf-8", newline="")
        )
        self._written = 0
        self._is_open = True
        self._write_row = self._csv_rows() if path.suffix.lower() == ".csv" else self._json_rows()

    def write(self, frame: Frame, score: EdgeScore) -> None:
        """Write one row; the picture is not kept."""
        values = (frame.index, float(frame.time_s), score.horizontal, score.vertical, score.density)
        try:
            self._write_row(values)
            self._written += 1
            if self._file is None:
                self._stream.flush()  # Who reads a pipe wants a live camera's rows when they come.
        except BrokenPipeError:
            raise  # Whoever read our output has had enough: no error, and for the command line to end quietly.
        except OSError as error:
            raise self._failed(error) from error

    def finish(self, *, is_complete: bool = True) -> str | None:
        """Flush, and move the file into place; None for standard output, where nothing is left to be found."""
        if not self._is_open:
            return None
        if not is_complete and not self._written:
            self.discard()
            return None
        try:
            if self._file is None:
                self._stream.flush()
            else:
                self._stream.close()
        except BrokenPipeError:
            raise
        except OSError as error:
            raise self._failed(error) from error
        self._is_open = False
        if self._file is None:
            return None
        return str(self._file.complete() if is_complete else self._file.partial)

    def discard(self) -> None:
        """Remove the unfinished file; what went to standard output is gone already."""
        if self._file is not None and self._is_open:
            self._is_open = False
            with contextlib.suppress(OSError):  # On a full disk, what is still in the buffer is dropped with the rest.
                self._stream.close()
            self._file.discard()

    def _csv_rows(self) -> Callable[[tuple[float, ...]], object]:
        rows = csv.writer(self._stream)
        rows.writerow(FIELDS)
        return rows.writerow

    def _json_rows(self) -> Callable[[tuple[float, ...]], object]:
        return lambda values: self._stream.write(json.dumps(dict(zip(FIELDS, values, strict=True))) + "\n")

    def _failed(self, error: OSError) -> SinkError:
        return cannot_write(Path("standard output" if self._file is None else self.target), error)
