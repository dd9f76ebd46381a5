"""Parquet tables, through pyarrow."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from livefilter.errors import MissingPackageError

_ROWS_PER_GROUP = 4096
"""Rows that are buffered and then written as one row group."""
METADATA_KEY = b"livefilter"
"""Key of the provenance, a JSON object, in the metadata of the schema."""


class ParquetTable:
    """A table with one column of integers, the first, and any number of float columns.

    Args:
        path: The file to write.
        provenance: Noted in the schema's metadata.

    Raises:
        MissingPackageError: pyarrow is not installed.
        OSError: The file cannot be created.
    """

    has_fixed_columns = True

    def __init__(self, path: Path, provenance: dict[str, str]) -> None:
        try:
            import pyarrow
            from pyarrow import parquet
        except ImportError as error:
            raise MissingPackageError(
                f"{path.name}: a Parquet table needs pyarrow; pip install 'livefilter[parquet]'"
            ) from error
        self._pyarrow = pyarrow
        self._open_writer = parquet.ParquetWriter
        self._metadata = {METADATA_KEY: json.dumps(provenance).encode()}
        self._file = pyarrow.OSFile(str(path), "wb")
        self._writer: parquet.ParquetWriter | None = None
        self._columns: Sequence[str] = ()
        self._rows: list[list[float | None]] = []

    def begin(self, columns: Sequence[str]) -> None:
        """Write the schema."""
        types = [self._pyarrow.int64(), *(self._pyarrow.float64() for _ in columns[1:])]
        schema = self._pyarrow.schema(list(zip(columns, types, strict=True)), metadata=self._metadata)
        self._columns, self._writer = columns, self._open_writer(self._file, schema)

    def write(self, row: Mapping[str, float]) -> None:
        """Write one row."""
        self._rows.append([row.get(column) for column in self._columns])
        if len(self._rows) == _ROWS_PER_GROUP:
            self._write_group()

    def flush(self) -> None:
        """Do nothing: a Parquet file is unreadable until it is closed, however many rows are in it."""

    def close(self) -> None:
        """Write the buffered rows and the footer, without which no reader can read the file."""
        try:
            self._write_group()
            if self._writer is not None:
                self._writer.close()
        finally:
            self._file.close()

    def _write_group(self) -> None:
        if self._rows and self._writer is not None:
            schema = self._writer.schema
            columns = zip(zip(*self._rows, strict=True), schema.types, strict=True)
            arrays = [self._pyarrow.array(column, kind) for column, kind in columns]
            self._writer.write_table(self._pyarrow.Table.from_arrays(arrays, schema=schema))
            self._rows = []
