"""PNG and JPEG files: a numbered sequence of them, or a single one."""

from __future__ import annotations

import contextlib
import re
from pathlib import Path

import cv2

from livefilter.errors import OptionError, SinkError
from livefilter.frame import Frame, Pixels
from livefilter.kernels import EdgeScore
from livefilter.sinks._atomic_file import AtomicFile, write_error
from livefilter.sinks._lifetime import Lifetime
from livefilter.sinks._sink import Sink

SEQUENCE_SUFFIXES = (".png", ".jpg", ".jpeg")
DEFAULT_NAME = "%06d.png"
_NUMBER = re.compile(r"%0?\d*d")


class ImageSequenceSink(Sink):
    """One file for each frame, numbered by the frame's index; each is written beside and moved into place.

    Args:
        pattern: ``folder/%05d.png``; or a folder, which stands for ``%06d.png`` in it and is made if it is missing.
        overwrite: Replace files that exist.

    Raises:
        SinkError: The folder cannot be made, or files that match are there already.
        OptionError: The pattern has no number, or another ending than PNG or JPEG.
    """

    def __init__(self, pattern: Path, *, overwrite: bool = False) -> None:
        if not pattern.suffix or pattern.is_dir():
            pattern = pattern / DEFAULT_NAME
        if pattern.suffix.lower() not in SEQUENCE_SUFFIXES or not is_sequence(pattern):
            raise OptionError(
                f"{pattern}: a sequence is named like frames/%05d.png, with one of {', '.join(SEQUENCE_SUFFIXES)}"
            )
        self.target = str(pattern)
        self._lifetime = Lifetime(self.target)
        self._pattern = pattern
        self._written = 0
        self._has_made_folder = not pattern.parent.exists()
        try:
            pattern.parent.mkdir(exist_ok=True)
            there = sorted(pattern.parent.iterdir())
        except OSError as error:
            raise write_error(pattern.parent, error) from error
        if not overwrite and (found := next((path for path in there if is_of_sequence(path, pattern)), None)):
            raise SinkError(f"{found}: exists; give --overwrite (overwrite=True) to replace it")

    def write(self, frame: Frame, score: EdgeScore) -> None:
        """Write one picture; the score is not kept in it."""
        # Not `name % index`: another percent sign in the name is the user's own.
        name = _NUMBER.sub(lambda number: number[0] % frame.index, self._pattern.name)
        with self._lifetime.write():
            try:
                write_image(self._pattern.with_name(name), frame.pixels, overwrite=True)
            except SinkError as error:
                if self._written == 0:
                    raise
                raise SinkError(f"{error} (after {self._written} frames)") from error
            self._written += 1

    def finish(self, *, is_complete: bool = True) -> str | None:
        """Return where the pictures are; each of them is complete already."""
        with self._lifetime.hold() as is_open:
            self.discard()
            return self.target if is_open and self._written else None

    def discard(self) -> None:
        """Leave the pictures that were written, since each of them is complete, but no folder that was made in vain."""
        with self._lifetime.hold() as is_open:
            self._lifetime.end()
            if is_open and self._has_made_folder and not self._written:
                with contextlib.suppress(OSError):
                    self._pattern.parent.rmdir()


class ImageSink(Sink):
    """One file, for a source of one frame.

    Args:
        path: Ends in .png, .jpg or .jpeg.
        overwrite: Replace a file that exists.

    Raises:
        SinkError: It cannot be made.
    """

    def __init__(self, path: Path, *, overwrite: bool = False) -> None:
        self.target = str(path)
        self._lifetime = Lifetime(self.target)
        self._path = path
        self._file = AtomicFile(path, overwrite=overwrite)
        self._is_written = False

    def write(self, frame: Frame, score: EdgeScore) -> None:
        """Write the picture; the score is not kept in it."""
        with self._lifetime.write():
            if self._is_written:
                several = f"{self._path.stem}-%05d{self._path.suffix}"
                raise OptionError(f"{self.target}: is one picture, the source has more; a sequence is named {several}")
            _write(self._file, frame.pixels)
            self._is_written = True

    def finish(self, *, is_complete: bool = True) -> str | None:
        """Move the picture into place; it is whole whatever ended the run."""
        with self._lifetime.hold() as is_open:
            if is_open and self._is_written:
                self._lifetime.end()
                return str(self._file.complete())
            self.discard()
            return None

    def discard(self) -> None:
        """Remove what was written."""
        with self._lifetime.hold() as is_open:
            if is_open:
                self._lifetime.end()
                self._file.discard()


def is_sequence(pattern: Path) -> bool:
    """Return whether a name has exactly one place for a number, such as %05d."""
    return len(_NUMBER.findall(pattern.name)) == 1


def is_single(path: Path) -> bool:
    """Return whether a name has no place for a number at all, so that it is one picture's."""
    return _NUMBER.search(path.name) is None


def is_of_sequence(path: Path, pattern: Path) -> bool:
    """Return whether ``path`` has a name that ``pattern`` gives to one of its pictures; folders are not looked at."""
    before, after = _NUMBER.split(pattern.name)
    return re.fullmatch(re.escape(before) + r"\d+" + re.escape(after), path.name) is not None


def write_image(path: Path, pixels: Pixels, *, overwrite: bool = False) -> None:
    """Write one picture, beside its place at first.

    Args:
        path: A file; its ending names the format.
        pixels: uint8, gray or BGR.
        overwrite: Replace a file that exists.

    Raises:
        SinkError: It cannot be written.
        OptionError: The ending stands for no format.
    """
    if path.suffix.lower() not in SEQUENCE_SUFFIXES:
        raise OptionError(f"{path}: a picture ends in {', '.join(SEQUENCE_SUFFIXES)}, found {path.suffix or 'none'}")
    file = AtomicFile(path, overwrite=overwrite)
    try:
        _write(file, pixels)
        file.complete()
    except SinkError:
        file.discard()
        raise


def _write(file: AtomicFile, pixels: Pixels) -> None:
    """Write a picture beside its place."""
    path = file.target
    try:
        is_encoded, encoded = cv2.imencode(path.suffix, pixels)
    except cv2.error:  # OpenCV 4 raises what OpenCV 5 returns.
        is_encoded = False
    if not is_encoded:  # JPEG has no more than 65,500 rows or columns.
        raise SinkError(f"{path}: {pixels.shape[0]} x {pixels.shape[1]} pixels do not fit into this format")
    try:
        file.partial.write_bytes(encoded.tobytes())
    except OSError as error:
        raise write_error(path, error) from error
