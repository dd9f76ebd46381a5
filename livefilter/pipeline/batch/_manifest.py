"""The manifest of an output folder: what is finished, and from which input and job, for ``--resume``."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from livefilter.errors import SinkError
from livefilter.pipeline.batch._inputs import content_hash, size_of

FILE_NAME = ".livefilter-finished.json"


@dataclass(frozen=True, slots=True)
class ManifestEntry:
    """One finished input.

    Attributes:
        name: Name of its outputs, without their endings.
        source: Name of the input.
        size: Its bytes on disk.
        content: The hash of its bytes.
        job: Fingerprint of the job.
        outputs: Name, size in bytes and modification time in nanoseconds of each output file.
        loss: Message about what could not be read of the input; None if nothing was lost.
    """

    name: str
    source: str
    size: int
    content: str
    job: str
    outputs: tuple[tuple[str, int, int], ...]
    loss: str | None = None


class Manifest:
    """The list of finished inputs, stored in the output folder.

    Attributes:
        folder: Output folder.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._path = folder / FILE_NAME
        self._finished = _read(self._path)
        self._matched: set[str] = set()

    def find(self, source: str, job: str, endings: Sequence[str]) -> ManifestEntry | None:
        """Return the entry of an input with the same bytes and job whose outputs are unchanged, each entry only once.

        Args:
            source: The source.
            job: Fingerprint of the job.
            endings: Endings of the requested outputs.

        Raises:
            SourceError: The source cannot be read.
        """
        size = size_of(source)
        found = [
            one
            for one in self._finished.values()
            if (one.job, one.size) == (job, size)
            and one.name not in self._matched
            and sorted(Path(name).suffix for name, *_ in one.outputs) == sorted(endings)
            and self._has_outputs(one)
        ]
        found.sort(key=lambda one: one.source != source)  # Of two equal inputs, each should find its own entry.
        content = content_hash(source) if found else ""  # Read only if the size matches.
        one = next((one for one in found if one.content == content), None)
        if one is not None:
            self._matched.add(one.name)
        return one

    def add(
        self, name: str, source: str, content: str, job: str, outputs: Sequence[Path], loss: str | None = None
    ) -> None:
        """Add a finished input.

        Raises:
            SinkError: The manifest cannot be written.
        """
        states = [(path, path.stat()) for path in outputs]
        files = tuple((path.name, state.st_size, state.st_mtime_ns) for path, state in states)
        self._finished = _read(self._path)  # Read again: another run may have added to it.
        self._finished[name] = ManifestEntry(name, source, size_of(source), content, job, files, loss)
        partial = self._path.with_suffix(".partial")
        try:
            partial.write_text(json.dumps([asdict(one) for one in self._finished.values()], indent=1), encoding="utf-8")
            os.replace(partial, self._path)
        except OSError as error:
            with suppress(OSError):
                partial.unlink(missing_ok=True)
            raise SinkError(f"{self._path}: cannot be written: {error.strerror}") from error

    def _has_outputs(self, one: ManifestEntry) -> bool:
        for name, size, changed_ns in one.outputs:
            try:
                state = (self.folder / name).stat()
            except OSError:
                return False
            if (state.st_size, state.st_mtime_ns) != (size, changed_ns):
                return False
        return True


def _read(path: Path) -> dict[str, ManifestEntry]:
    """Return the entries of a manifest; none if the file is missing or not a manifest."""
    try:
        entries = json.loads(path.read_text(encoding="utf-8"))
        made = [
            ManifestEntry(**entry | {"outputs": tuple((str(n), int(s), int(t)) for n, s, t in entry["outputs"])})
            for entry in entries
        ]
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return {}
    return {one.name: one for one in made}
