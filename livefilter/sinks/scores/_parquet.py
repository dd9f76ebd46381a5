"""Parquet tables, through pyarrow."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from livefilter.errors import MissingPackageError

_ROWS_PER_GROUP = 4096
"""Rows that are buffered and then written as one row group."""
METADATA_KEY = b"livefilter"
"""Key of the provenance, a JSON object, in the metadata of the schema."""


class ParquetTable:
    """A table with one column of integers and any number of float columns.

    Args:
        path: The file to write.
        fields: Names of the columns; the first is the one of integers.
        origin: Noted in the schema's metadata.

    Raises:
        MissingPackageError: pyarrow is not installed.
        OSError: The file cannot be created.
    """

    def __init__(self, path: Path, fields: Sequence[str], provenance: dict[str, str]) -> None:
        try:
            import pyarrow
            from pyarrow import parquet
        except ImportError as error:
            raise MissingPackageError(
                f"{path.name}: a Parquet table needs pyarrow; pip install 'livefilter[parquet]'"
            ) from error
        types = [pyarrow.int64(), *(pyarrow.float64() for _ in fields[1:])]
        metadata = {METADATA_KEY: json.dumps(provenance).encode()}
        self._schema = pyarrow.schema(list(zip(fields, types, strict=True)), metadata=metadata)
        self._make_table = pyarrow.Table.from_arrays
        self._make_array = pyarrow.array
        self._types = types
        self._writer = parquet.ParquetWriter(str(path), self._schema)
        self._rows: list[tuple[float, ...]] = []

    def write(self, row: tuple[float, ...]) -> None:
        """Write one row."""
        self._rows.append(row)
        if len(self._rows) == _ROWS_PER_GROUP:
            self._write_group()

    def flush(self) -> None:
        """Do nothing: a Parquet file is unreadable until it is closed, however many rows are in it."""

    def close(self) -> None:
        """Write the buffered rows and the footer, without which no reader can read the file."""
        self._write_group()
        self._writer.close()

    def _write_group(self) -> None:
        if self._rows:
            columns = zip(zip(*self._rows, strict=True), self._types, strict=True)
            arrays = [self._make_array(column, kind) for column, kind in columns]
            self._writer.write_table(self._make_table(arrays, schema=self._schema))
            self._rows = []
