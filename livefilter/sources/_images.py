"""Image files as a stream: one file, a folder, or a glob, in natural order."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from os.path import expanduser
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from livefilter.errors import SourceError
from livefilter.frame import Color, Frame
from livefilter.sources._close_guard import CloseGuard
from livefilter.sources._glob import find_matches
from livefilter.sources._image_decoding import DecodedImage, ImageDecoder, count_images
from livefilter.sources._kind import IMAGE_SUFFIXES
from livefilter.sources._natural_sort import natural_sort_key
from livefilter.sources._source import Source, SourceFacts

DEFAULT_RATE = Fraction(25)
_MAX_NAMED = 5
_MILLISECOND = Fraction(1, 1000)
"""Unit of the durations in animations."""


class ImageFiles(Source):
    """Image files as frames. Unreadable files are skipped and listed in ``loss``.

    A single file may hold several images: an animated PNG or WebP, or a TIFF of several pages. Of the files of a
    sequence, only the first image is read.

    Args:
        spec: An image file, a folder of images, or a glob.
        rate: Frames per second of the stream. None is 25, or the durations that an animation declares.
        color: Content of the frames: "gray", or BGR pixels for "luma" and "rgb".
        background: Name of the color behind transparent parts.

    Raises:
        SourceError: Nothing matches, there is no image, or none can be read.
    """

    def __init__(
        self, spec: str, rate: Fraction | None = None, *, color: Color = "gray", background: str = "black"
    ) -> None:
        self.loss: str | None = None
        self._guard = CloseGuard()
        self._paths = _find_images(spec)
        self._has_rate = rate is not None
        self._background = background
        self._notes: dict[str, None] = {}
        self._decoder = ImageDecoder(color, background)
        self.facts = SourceFacts(Path(spec).name, (0, 0), rate or DEFAULT_RATE, 1 / (rate or DEFAULT_RATE))
        readable = ((encoded, image) for encoded, image in map(self._read, self._paths) if image is not None)
        encoded, first = next(readable, (None, None))
        if encoded is None or first is None:
            subject = "is not" if len(self._paths) == 1 else f"none of its {len(self._paths)} files is"
            raise SourceError(f"{spec}: {subject} a readable image; it may be damaged, or of an unsupported format")
        rows, cols = first.gray.shape
        declared = count_images(encoded)
        self._has_several = declared != 1 and len(self._paths) == 1
        self.facts = replace(
            self.facts,
            shape=(rows, cols),
            time_base=_MILLISECOND if self._has_several and rate is None else self.facts.time_base,
            frame_count=declared if self._has_several else len(self._paths),
        )
        if declared != 1 and not self._has_several:
            self._note("holds several images; livefilter reads the first one of each file of a sequence")

    def __iter__(self) -> Iterator[Frame]:
        return self._guard.iterate(self._frames_of_one() if self._has_several else self._frames())

    def set_color(self, color: Color) -> None:
        """Choose what the images that are decoded from now on carry."""
        self._decoder.color = color

    def close(self) -> None:
        """End the iteration; no file is open."""
        self._guard.close()

    def _frames(self) -> Iterator[Frame]:
        unreadable: list[str] = []
        for index, path in enumerate(self._paths):
            _, image = self._read(path)
            if image is None:
                unreadable.append(path.name)
                self.loss = _list_unreadable(unreadable, len(self._paths))
                continue
            yield Frame(image.pixels, index, index / self.facts.rate, time.monotonic_ns(), gray=image.gray)

    def _frames_of_one(self) -> Iterator[Frame]:
        encoded = _load(self._paths[0])
        if encoded is None:
            self.loss = _list_unreadable([self._paths[0].name], 1)
            return
        time_s = Fraction(0)
        for index, image in enumerate(self._decoder.decode_all(encoded)):
            if image.is_transparent:
                self._note_transparency()
            own_s = None if self._has_rate else image.duration_s
            yield Frame(image.pixels, index, time_s, time.monotonic_ns(), duration_s=own_s, gray=image.gray)
            time_s += own_s or 1 / self.facts.rate

    def _read(self, path: Path) -> tuple[NDArray[np.uint8] | None, DecodedImage | None]:
        encoded = _load(path)
        if encoded is None:
            return None, None
        image = self._decoder.decode(encoded)
        if image is not None and image.is_transparent:
            self._note_transparency()
        return encoded, image

    def _note_transparency(self) -> None:
        self._note(f"has transparent parts, composed on {self._background}; --background sets the color")

    def _note(self, note: str) -> None:
        self._notes[note] = None
        self.facts = replace(self.facts, notes=tuple(self._notes))


def _find_images(spec: str) -> list[Path]:
    path = Path(expanduser(spec))
    if path.is_file():
        return [path]
    if path.is_dir():
        try:
            shown = (entry for entry in path.iterdir() if not entry.name.startswith("."))
            paths = [entry for entry in shown if entry.suffix.lower() in IMAGE_SUFFIXES]
        except OSError as error:
            raise SourceError(f"{spec}: the folder cannot be read: {error.strerror}") from error
        if not paths:
            raise SourceError(f"{spec}: is a folder without images ({', '.join(IMAGE_SUFFIXES)})")
    else:
        matched = find_matches(spec)
        paths = [match for match in matched if match.suffix.lower() in IMAGE_SUFFIXES]
        if not paths and matched:
            files = "1 file, which is no image" if len(matched) == 1 else f"{len(matched)} files, none of them an image"
            raise SourceError(f"{spec}: matches {files}; process several videos with -d FOLDER")
        if not paths:
            raise SourceError(f"{spec}: no such file, and as a pattern it matches nothing")
    return sorted(paths, key=natural_sort_key)


def _list_unreadable(unreadable: list[str], total: int) -> str:
    """Describe which images could not be read, with the first few names."""
    more = len(unreadable) - _MAX_NAMED
    names = ", ".join(unreadable[:_MAX_NAMED]) + (f" and {more} more" if more > 0 else "")
    return f"{len(unreadable)} of {total} images could not be read: {names}"


def _load(path: Path) -> NDArray[np.uint8] | None:
    # By bytes rather than cv2.imread, which cannot open every name on Windows.
    try:
        return np.fromfile(path, dtype=np.uint8)
    except OSError:
        return None
