"""Pictures of a file as they are to be shown: of one size and format, cropped, and without transparency."""

from __future__ import annotations

from fractions import Fraction

import cv2
import numpy as np
from av.video.frame import VideoFrame

from livefilter.frame import Color, Pixels
from livefilter.sources._av_pixels import (
    colorimetry_of,
    conformed,
    describe_conversions,
    opacity,
    pixels_of,
    rotated_sides,
    solid,
    unwritten_side_data,
)
from livefilter.sources._background import blend, parse_color, shrink_alpha
from livefilter.sources.file._demux import Crop

_MAX_CHANGES = 5
"""Changes that are listed."""
_SIDE_DATA_STEP, _SIDE_DATA_FRAMES = 100, 3
"""Of so many frames, the first few are searched for side data: captions may begin late, and skip frames."""


class PictureReader:
    """Converts decoded frames to pixels that all have the size, and the chroma, of the first one.

    Args:
        color: Content of the frames: "gray", "luma" (gray and the stream's own chroma) or "rgb" (BGR pixels).
        crop: What to hide at the sides.
        background: Name of the color behind transparent parts.

    Attributes:
        notes: What was converted, in words.
        losses: What frames lost to get the size of the first one, in words.
    """

    def __init__(self, color: Color, crop: Crop, background: str) -> None:
        self.notes: list[str] = []
        self.losses: list[str] = []
        self._color = self._next_color = color
        self._crop = crop
        self._background = background
        self._first: VideoFrame | None = None
        self._first_key: tuple[object, ...] = ()
        self._last_key: tuple[object, ...] = ()
        self._last_size = (0, 0)
        self._shapes: list[tuple[int, int]] = []
        self._is_transparent = False
        self._changes = 0

    def read(self, av_frame: VideoFrame, index: int) -> tuple[Pixels, Pixels, tuple[Pixels, Pixels] | None]:
        """Return the pixels of a decoded frame, their gray, and its chroma if color is "luma" and it has luma.

        Args:
            av_frame: The frame.
            index: Its number, for messages.
        """
        if self._next_color != self._color:
            self._color, self._first, self._shapes = self._next_color, None, []
        key = _key(av_frame, with_chroma=self._color == "luma")
        if self._first is None:
            self._set_first(av_frame, key)
        if index % _SIDE_DATA_STEP < _SIDE_DATA_FRAMES:
            self._note_side_data(av_frame)
        alpha = opacity(av_frame)
        if key != self._first_key and self._first is not None:
            self._note_change(av_frame, key, index)
            av_frame = conformed(av_frame, self._first, with_chroma=self._color == "luma")
        planes = self._planes(av_frame)
        if alpha is not None:
            planes = self._composed(av_frame, planes, alpha)
        if self._crop != Crop():
            planes = self._cropped(av_frame, planes)
        if not self._shapes:
            self._shapes = [(plane.shape[0], plane.shape[1]) for plane in planes]
        if planes[0].shape != self._shapes[0]:
            self._lose(f"the rotation changes at frame {index}; livefilter fits what follows into the size before")
            planes = [_resized(plane, shape) for plane, shape in zip(planes, self._shapes, strict=True)]
        match planes:
            case [gray]:
                return gray, gray, None
            case [gray, bgr]:
                return bgr, gray, None
            case [gray, blue, red]:
                return gray, gray, (blue, red)
        raise AssertionError("a frame is gray, gray and BGR, or luma and chroma")

    def set_color(self, color: Color) -> None:
        """Choose what frames carry from the next one on; any thread may call it."""
        self._next_color = color

    def _planes(self, av_frame: VideoFrame) -> list[Pixels]:
        """Return the gray of a frame, and with colors either its BGR pixels or its two planes of chroma."""
        pixels, gray, chroma = pixels_of(av_frame, self._color)
        return [gray, *(chroma or (() if pixels is gray else (pixels,)))]

    def _set_first(self, av_frame: VideoFrame, key: tuple[object, ...]) -> None:
        self._first_key = self._last_key = key
        self._last_size = (av_frame.height, av_frame.width)
        self._first = VideoFrame(av_frame.width, av_frame.height, av_frame.format.name)  # Without the pixels.
        self._first.color_range, self._first.colorspace = av_frame.color_range, av_frame.colorspace
        if self.notes:
            return
        self.notes.extend(describe_conversions(av_frame))
        if self._crop != Crop():
            sides = ", ".join(
                f"{count} at the {side}"
                for side, count in (
                    ("top", self._crop.top),
                    ("bottom", self._crop.bottom),
                    ("left", self._crop.left),
                    ("right", self._crop.right),
                )
                if count
            )
            self.notes.append(f"is cropped as the file declares: {sides} (pixels)")

    def _note_side_data(self, av_frame: VideoFrame) -> None:
        for name in unwritten_side_data(av_frame):
            note = f"carries {name}, which livefilter does not write"
            if note not in self.notes:
                self.notes.append(note)

    def _note_change(self, av_frame: VideoFrame, key: tuple[object, ...], index: int) -> None:
        size = (av_frame.height, av_frame.width)
        if size != self._last_size and self._first is not None:
            first = f"{self._first.width}x{self._first.height}"
            self._lose(f"the size changes to {size[1]}x{size[0]} at frame {index}; livefilter scales it to {first}")
        elif key != self._last_key and self._changes < _MAX_CHANGES:
            self._changes += 1
            self.notes.append(
                f"changes its pixel format, range or matrix at frame {index}; livefilter converts the chroma"
            )
        self._last_key, self._last_size = key, size

    def _lose(self, loss: str) -> None:
        if len(self.losses) < _MAX_CHANGES and loss not in self.losses:
            self.losses.append(loss)

    def _composed(self, av_frame: VideoFrame, planes: list[Pixels], alpha: Pixels) -> list[Pixels]:
        if not self._is_transparent:
            self._is_transparent = True
            self.notes.append(f"has transparent parts, composed on {self._background}; --background sets the color")
        behind = self._planes(solid(parse_color(self._background), av_frame))
        composed: list[Pixels] = []
        for plane, color in zip(planes, behind, strict=False):  # Behind gray, a color has planes that gray has not.
            opaque = alpha
            if plane.shape[:2] != alpha.shape:
                rows, cols = plane.shape[:2]
                is_chroma = composed and plane.ndim == 2
                opaque = shrink_alpha(alpha, (rows, cols)) if is_chroma else _resized(alpha, (rows, cols))
            composed.append(blend(plane, opaque, color[0, 0].tolist()))
        return composed

    def _cropped(self, av_frame: VideoFrame, planes: list[Pixels]) -> list[Pixels]:
        crop = self._crop
        top, right, bottom, left = rotated_sides((crop.top, crop.right, crop.bottom, crop.left), av_frame)
        rows, cols = planes[0].shape
        if top + bottom >= rows or left + right >= cols:
            return planes  # Nothing would be left.
        shown = []
        for plane in planes:
            row_step, col_step = round(rows / plane.shape[0]), round(cols / plane.shape[1])  # Of chroma, 1, 2 or 4.
            last_row, last_col = -(-(rows - bottom) // row_step), -(-(cols - right) // col_step)
            shown.append(plane[top // row_step : last_row, left // col_step : last_col])
        return shown


def _key(av_frame: VideoFrame, *, with_chroma: bool) -> tuple[object, ...]:
    """Return what must not differ between the frames of an output."""
    if not with_chroma:
        return av_frame.width, av_frame.height
    look = colorimetry_of(av_frame, Fraction(1))
    return av_frame.width, av_frame.height, av_frame.format.name, look.is_full_range, look.matrix


def _resized(pixels: Pixels, shape: tuple[int, int]) -> Pixels:
    return np.asarray(cv2.resize(pixels, shape[::-1], interpolation=cv2.INTER_AREA), dtype=np.uint8)
