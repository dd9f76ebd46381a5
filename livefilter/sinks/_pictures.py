"""A numbered sequence of PNG or JPEG files."""

from __future__ import annotations

import re
from pathlib import Path

import cv2

from livefilter.errors import OptionError, SinkError
from livefilter.frame import Frame, Pixels
from livefilter.kernels import EdgeScore
from livefilter.sinks._beside import Beside, cannot_write
from livefilter.sinks._sink import Sink

SEQUENCE_SUFFIXES = (".png", ".jpg", ".jpeg")
_NUMBER = re.compile(r"%0?\d*d")


class PictureSink(Sink):
    """One file for each frame, numbered by the frame's index; each is written beside and moved into place.

    Args:
        pattern: ``folder/%05d.png``; or a folder, which stands for ``%06d.png`` in it and is made if it is missing.
        overwrite: Replace files that exist.

    Raises:
        SinkError: The folder cannot be made, or files that match are there already.
        OptionError: The pattern has no number, or another ending than PNG or JPEG.
    """

    def __init__(self, pattern: Path, *, overwrite: bool = False) -> None:
        if not pattern.suffix:
            pattern = pattern / "%06d.png"
        if pattern.suffix.lower() not in SEQUENCE_SUFFIXES or len(_NUMBER.findall(pattern.name)) != 1:
            raise OptionError(
                f"{pattern}: a sequence is named like frames/%05d.png, with one of {', '.join(SEQUENCE_SUFFIXES)}"
            )
        self.target = str(pattern)
        self._pattern = pattern
        self._written = 0
        try:
            pattern.parent.mkdir(exist_ok=True)
        except OSError as error:
            raise cannot_write(pattern.parent, error) from error
        if not overwrite and (found := self._existing()):
            raise SinkError(f"{found}: exists; give --overwrite (overwrite=True) to replace it")

    def write(self, frame: Frame, score: EdgeScore) -> None:
        """Write one picture; the score is not kept in it."""
        write_picture(self._pattern.with_name(self._pattern.name % frame.index), frame.pixels, overwrite=True)
        self._written += 1

    def finish(self, *, is_complete: bool = True) -> str | None:
        """Return where the pictures are; each of them is complete already."""
        return self.target if self._written else None

    def discard(self) -> None:
        """Leave the pictures that were written: each of them is complete."""

    def _existing(self) -> Path | None:
        before, after = _NUMBER.split(self._pattern.name)
        matching = re.compile(re.escape(before) + r"\d+" + re.escape(after))
        return next((path for path in sorted(self._pattern.parent.iterdir()) if matching.fullmatch(path.name)), None)


def write_picture(path: Path, pixels: Pixels, *, overwrite: bool = False) -> None:
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
    _, encoded = cv2.imencode(path.suffix, pixels)
    file = Beside(path, overwrite=overwrite)
    try:
        file.partial.write_bytes(encoded.tobytes())
    except OSError as error:
        file.discard()
        raise cannot_write(path, error) from error
    file.complete()
