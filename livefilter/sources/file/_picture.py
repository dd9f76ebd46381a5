"""Pictures of a file as they are to be shown: of one size and format, cropped, and without transparency."""

from __future__ import annotations

from fractions import Fraction

import cv2
import numpy as np
from av.video.frame import VideoFrame

from livefilter.frame import Pixels
from livefilter.sources._av_pixels import (
    bgr_pixels,
    colorimetry_of,
    conformed,
    describe_conversions,
    luma,
    luma_and_chroma,
    opacity,
    rotated_sides,
    solid,
)
from livefilter.sources._background import blend, parse_color, shrink_alpha
from livefilter.sources._options import Color
from livefilter.sources.file._demux import Crop

_Chroma = tuple[Pixels, Pixels] | None
_MAX_CHANGES = 5
"""Changes that are listed."""


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
        self._color = color
        self._crop = crop
        self._background = background
        self._first: VideoFrame | None = None
        self._first_key: tuple[object, ...] = ()
        self._last_key: tuple[object, ...] = ()
        self._last_size = (0, 0)
        self._shapes: list[tuple[int, int]] = []
        self._is_transparent = False

    def read(self, av_frame: VideoFrame, index: int) -> tuple[Pixels, _Chroma]:
        """Return the pixels of a decoded frame, and its chroma if color is "luma" and it has colors.

        Args:
            av_frame: The frame.
            index: Its number, for messages.
        """
        key = _key(av_frame, with_chroma=self._color == "luma")
        if self._first is None:
            self._set_first(av_frame, key)
        alpha = opacity(av_frame)
        if key != self._first_key and self._first is not None:
            self._note_change(av_frame, key, index)
            av_frame = conformed(av_frame, self._first, with_chroma=self._color == "luma")
        pixels, chroma = self._convert(av_frame)
        if alpha is not None:
            pixels, chroma = self._composed(av_frame, pixels, chroma, alpha)
        if self._crop != Crop():
            pixels, chroma = self._cropped(av_frame, pixels, chroma)
        planes = (pixels, *(chroma or ()))
        if not self._shapes:
            self._shapes = [(plane.shape[0], plane.shape[1]) for plane in planes]
        if pixels.shape[:2] != self._shapes[0]:
            self._lose(f"the rotation changes at frame {index}; livefilter fits what follows into the size before")
            pixels, *rest = (_resized(plane, shape) for plane, shape in zip(planes, self._shapes, strict=True))
            chroma = (rest[0], rest[1]) if rest else None
        return pixels, chroma

    def _set_first(self, av_frame: VideoFrame, key: tuple[object, ...]) -> None:
        self._first_key = self._last_key = key
        self._last_size = (av_frame.height, av_frame.width)
        self._first = VideoFrame(av_frame.width, av_frame.height, av_frame.format.name)  # Without the pixels.
        self._first.color_range, self._first.colorspace = av_frame.color_range, av_frame.colorspace
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

    def _convert(self, av_frame: VideoFrame) -> tuple[Pixels, _Chroma]:
        if self._color == "rgb":
            return bgr_pixels(av_frame), None
        if self._color == "luma":
            return luma_and_chroma(av_frame)
        return luma(av_frame), None

    def _note_change(self, av_frame: VideoFrame, key: tuple[object, ...], index: int) -> None:
        size = (av_frame.height, av_frame.width)
        if size != self._last_size and self._first is not None:
            first = f"{self._first.width}x{self._first.height}"
            self._lose(f"the size changes to {size[1]}x{size[0]} at frame {index}; livefilter scales it to {first}")
        elif key != self._last_key and len(self.notes) < _MAX_CHANGES:
            self.notes.append(
                f"changes its pixel format, range or matrix at frame {index}; livefilter converts the chroma"
            )
        self._last_key, self._last_size = key, size

    def _lose(self, loss: str) -> None:
        if len(self.losses) < _MAX_CHANGES and loss not in self.losses:
            self.losses.append(loss)

    def _composed(self, av_frame: VideoFrame, pixels: Pixels, chroma: _Chroma, alpha: Pixels) -> tuple[Pixels, _Chroma]:
        if not self._is_transparent:
            self._is_transparent = True
            self.notes.append(f"has transparent parts, composed on {self._background}; --background sets the color")
        rgb = parse_color(self._background)
        if alpha.shape != pixels.shape[:2]:
            alpha = _resized(alpha, (pixels.shape[0], pixels.shape[1]))
        if self._color == "rgb":
            return blend(pixels, alpha, rgb[::-1]), None
        behind = solid(rgb, av_frame)
        if chroma is None:
            return blend(pixels, alpha, int(luma(behind)[0, 0])), None
        gray, planes = luma_and_chroma(behind)
        composed = blend(pixels, alpha, int(gray[0, 0]))
        if planes is None:
            return composed, chroma
        small = shrink_alpha(alpha, (chroma[0].shape[0], chroma[0].shape[1]))
        blue, red = (blend(plane, small, int(color[0, 0])) for plane, color in zip(chroma, planes, strict=True))
        return composed, (blue, red)

    def _cropped(self, av_frame: VideoFrame, pixels: Pixels, chroma: _Chroma) -> tuple[Pixels, _Chroma]:
        crop = self._crop
        top, right, bottom, left = rotated_sides((crop.top, crop.right, crop.bottom, crop.left), av_frame)
        rows, cols = pixels.shape[:2]
        if top + bottom >= rows or left + right >= cols:
            return pixels, chroma  # Nothing would be left.
        shown = pixels[top : rows - bottom, left : cols - right]
        if chroma is None:
            return shown, None
        step = [round(side / part) for side, part in zip((rows, cols), chroma[0].shape, strict=True)]
        last_row, last_col = -(-(rows - bottom) // step[0]), -(-(cols - right) // step[1])
        blue, red = (plane[top // step[0] : last_row, left // step[1] : last_col] for plane in chroma)
        return shown, (blue, red)


def _key(av_frame: VideoFrame, *, with_chroma: bool) -> tuple[object, ...]:
    """Return what must not differ between the frames of an output."""
    if not with_chroma:
        return av_frame.width, av_frame.height
    look = colorimetry_of(av_frame, Fraction(1))
    return av_frame.width, av_frame.height, av_frame.format.name, look.is_full_range, look.matrix


def _resized(pixels: Pixels, shape: tuple[int, int]) -> Pixels:
    return np.asarray(cv2.resize(pixels, shape[::-1], interpolation=cv2.INTER_AREA), dtype=np.uint8)
