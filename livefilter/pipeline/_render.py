"""Rendering of frames: filter, score and overlay, in gray, by luma or by channel."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import cv2
import numpy as np

from livefilter.compiler import Filter, to_gray
from livefilter.frame import Frame, Pixels
from livefilter.kernels import EdgeScore
from livefilter.overlays import Overlay
from livefilter.sources import Color

Result = tuple[Frame, EdgeScore]


class Renderer:
    """Filter a frame, score it, and draw the overlay on it.

    Scores are of the unfiltered gray frame in every colour mode.

    Args:
        compiled: The filter.
        color: "gray", "luma" or "rgb". Frames without colours are gray in each case.
        overlay: Draws on the pictures; None draws nothing.
    """

    def __init__(self, compiled: Filter, color: Color, overlay: Overlay | None) -> None:
        self._compiled = compiled
        self._overlay = overlay
        self._of_coloured = {"gray": self._gray, "luma": self._luma, "rgb": self._channels}[color]
        self._score_alone = Filter(compiled.preset.model_copy(update={"steps": ()})) if color == "rgb" else compiled

    def __call__(self, frame: Frame) -> Result:
        """Return the frame as it is shown, and its score."""
        return self._gray(frame) if frame.pixels.ndim == 2 else self._of_coloured(frame)

    def _gray(self, frame: Frame) -> Result:
        gray = to_gray(frame.pixels)
        result = self._compiled(gray)
        picture = result.image
        if self._overlay is not None:
            picture = self._overlay.draw(gray, picture, result.score, frame.time_s)
        return replace(frame, pixels=picture), result.score

    def _luma(self, frame: Frame) -> Result:
        planes = np.asarray(cv2.cvtColor(frame.pixels, cv2.COLOR_BGR2YCrCb), dtype=np.uint8)
        result = self._compiled(np.ascontiguousarray(planes[..., 0]))
        planes[..., 0] = result.image
        picture = np.asarray(cv2.cvtColor(planes, cv2.COLOR_YCrCb2BGR), dtype=np.uint8)
        return self._drawn(frame, picture, result.score)

    def _channels(self, frame: Frame) -> Result:
        score = self._score_alone(to_gray(frame.pixels)).score
        picture = _by_channel(lambda channel: self._compiled(channel).image, frame.pixels)
        return self._drawn(frame, picture, score)

    def _drawn(self, frame: Frame, picture: Pixels, score: EdgeScore) -> Result:
        overlay = self._overlay
        if overlay is not None:  # Drawn on each channel alike, so the overlay is gray.
            picture = _by_channel(
                lambda before, after: overlay.draw(before, after, score, frame.time_s), frame.pixels, picture
            )
        return replace(frame, pixels=picture), score


def _by_channel(work: Callable[..., Pixels], *pictures: Pixels) -> Pixels:
    channels = ([np.ascontiguousarray(picture[..., number]) for picture in pictures] for number in range(3))
    return np.dstack([work(*channel) for channel in channels])
