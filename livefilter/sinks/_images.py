"""PNG and JPEG files: numbered image sequences and single images."""

from __future__ import annotations

import contextlib
import re
from fractions import Fraction
from pathlib import Path

import cv2

from livefilter.analysis import Result
from livefilter.errors import OptionError, SinkError
from livefilter.frame import Pixels
from livefilter.sinks._atomic_file import AtomicFile, write_error
from livefilter.sinks._sink import Needs, Sink
from livefilter.sinks._write_guard import WriteGuard

IMAGE_SUFFIXES = (".png", ".jpg", ".jpeg")
DEFAULT_NAME = "%06d.png"
_INDEX_FIELD = re.compile(r"%0?\d*d")


class ImageSequenceSink(Sink):
    """One file per frame, numbered by the frame's index; each appears when it is complete.

    Args:
        pattern: ``folder/%05d.png``; or a folder, which means ``%06d.png`` in it. A missing folder is created.
        overwrite: Replace existing files.

    Raises:
        SinkError: The folder cannot be created, or a file that matches the pattern exists.
        OptionError: The pattern has no number, or a suffix other than those of PNG and JPEG.
    """

    needs = Needs.PICTURE

    def __init__(self, pattern: Path, *, overwrite: bool = False) -> None:
        if not pattern.suffix or pattern.is_dir():
            pattern = pattern / DEFAULT_NAME
        if pattern.suffix.lower() not in IMAGE_SUFFIXES or not is_sequence(pattern):
            raise OptionError(
                f"{pattern}: a sequence is named like frames/%05d.png, with one of {', '.join(IMAGE_SUFFIXES)}"
            )
        self.target = str(pattern)
        self._write_guard = WriteGuard(self.target)
        self._pattern = pattern
        self._frames_written = 0
        self._has_created_folder = not pattern.parent.exists()
        try:
            pattern.parent.mkdir(exist_ok=True)
            entries = sorted(pattern.parent.iterdir())
        except OSError as error:
            raise write_error(pattern.parent, error) from error
        if not overwrite and (found := next((path for path in entries if matches_pattern(path, pattern)), None)):
            raise SinkError(f"{found}: exists; give --overwrite (overwrite=True) to replace it")

    def write(self, result: Result) -> None:
        """Write one image; images hold no score."""
        # Not `name % index`: the name may contain other percent signs.
        name = _INDEX_FIELD.sub(lambda number: number[0] % result.frame.index, self._pattern.name)
        with self._write_guard.write():
            try:
                write_image(self._pattern.with_name(name), result.picture, overwrite=True)
            except SinkError as error:
                if self._frames_written == 0:
                    raise
                raise SinkError(f"{error} (after {self._frames_written} frames)") from error
            self._frames_written += 1

    def finish(self, *, is_complete: bool = True, end_s: Fraction | None = None) -> str | None:
        """Return the pattern; each image is complete already."""
        with self._write_guard.lock() as is_open:
            self.discard()
            return self.target if is_open and self._frames_written else None

    def discard(self) -> None:
        """Keep the images, since each of them is complete, and remove a new folder without any."""
        with self._write_guard.lock() as is_open:
            self._write_guard.end()
            if is_open and self._has_created_folder and not self._frames_written:
                with contextlib.suppress(OSError):
                    self._pattern.parent.rmdir()


class ImageSink(Sink):
    """One image file, for a source of one frame.

    Args:
        path: A .png, .jpg or .jpeg file.
        overwrite: Replace an existing file.

    Raises:
        SinkError: The file cannot be created.
    """

    needs = Needs.PICTURE

    def __init__(self, path: Path, *, overwrite: bool = False) -> None:
        self.target = str(path)
        self._write_guard = WriteGuard(self.target)
        self._path = path
        self._file = AtomicFile(path, overwrite=overwrite)
        self._is_written = False

    def write(self, result: Result) -> None:
        """Write the image; images hold no score."""
        with self._write_guard.write():
            if self._is_written:
                several = f"{self._path.stem}-%05d{self._path.suffix}"
                raise OptionError(f"{self.target}: is one picture, the source has more; a sequence is named {several}")
            _write(self._file, result.picture)
            self._is_written = True

    def finish(self, *, is_complete: bool = True, end_s: Fraction | None = None) -> str | None:
        """Move the image into place; it is complete, whatever ended the run."""
        with self._write_guard.lock() as is_open:
            if is_open and self._is_written:
                self._write_guard.end()
                return str(self._file.complete())
            self.discard()
            return None

    def discard(self) -> None:
        """Remove the unfinished file."""
        with self._write_guard.lock() as is_open:
            if is_open:
                self._write_guard.end()
                self._file.discard()


def is_sequence(pattern: Path) -> bool:
    """Return whether a name has exactly one field for the index, such as %05d."""
    return len(_INDEX_FIELD.findall(pattern.name)) == 1


def has_index_field(path: Path) -> bool:
    """Return whether a name has a field for the index at all; without one it is the name of a single image."""
    return _INDEX_FIELD.search(path.name) is not None


def matches_pattern(path: Path, pattern: Path) -> bool:
    """Return whether the name of ``path`` is one of an image sequence; the folders are not compared."""
    before, after = _INDEX_FIELD.split(pattern.name)
    return re.fullmatch(re.escape(before) + r"\d+" + re.escape(after), path.name) is not None


def write_image(path: Path, pixels: Pixels, *, overwrite: bool = False) -> None:
    """Write one image; it appears when it is complete.

    Args:
        path: A .png, .jpg or .jpeg file.
        pixels: uint8, shape (rows, cols) or (rows, cols, 3) in BGR order.
        overwrite: Replace an existing file.

    Raises:
        SinkError: The file cannot be written, or exists.
        OptionError: The suffix is that of another format.
    """
    if path.suffix.lower() not in IMAGE_SUFFIXES:
        raise OptionError(f"{path}: a picture ends in {', '.join(IMAGE_SUFFIXES)}, found {path.suffix or 'none'}")
    file = AtomicFile(path, overwrite=overwrite)
    try:
        _write(file, pixels)
        file.complete()
    except SinkError:
        file.discard()
        raise


def _write(file: AtomicFile, pixels: Pixels) -> None:
    """Write an image to the partial file."""
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
