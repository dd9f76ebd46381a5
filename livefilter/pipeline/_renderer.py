"""The renderer: the only code of a pipeline that filters, scores and draws."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

import cv2
import numpy as np

from livefilter.analysis import NO_ANALYSIS, Analysis, EdgeScore, Result
from livefilter.compiler import Filter
from livefilter.frame import Color, Frame, Pixels
from livefilter.layers import Comparison, Layer, Overlay, compose
from livefilter.sinks import Needs

_Channels = tuple[Pixels, Pixels, Pixels]


class Renderer:
    """Makes a result of a frame and what is known of it: filters, scores, and draws the layers. One thread uses it.

    Scores are of the frame's gray in every colour mode.

    Args:
        preset_filter: The compiled preset.
        color: "gray" filters the frame's gray. "rgb" filters each channel. "luma" adds to each channel what the steps
            add to the gray of the pixels: saturate(channel + (Y' - Y)), where Y is the BT.601 gray; planes of chroma
            that a frame brings stay untouched instead. Frames without colours are gray in each case. Default: what the
            preset says.
        overlay: The preset's overlay; by default a new one.
        comparison: Shows the original too; by default not.
        layers: What else is drawn, below the overlay.
        needs: What the sinks use; without pictures, frames are only scored.

    Attributes:
        filter: The compiled preset.
        color: The colour mode.
        overlay: The preset's overlay.
        comparison: Shows the original too.
    """

    def __init__(
        self,
        preset_filter: Filter,
        *,
        color: Color | None = None,
        overlay: Overlay | None = None,
        comparison: Comparison | None = None,
        layers: Sequence[Layer] = (),
        needs: Needs = Needs.ALL,
    ) -> None:
        self.filter = preset_filter
        preset = preset_filter.preset
        self.color: Color = color or preset.color
        self.overlay = overlay or Overlay(preset.overlay, preset.name, zones=preset.zones)
        self.comparison = comparison or Comparison()
        self._layers: tuple[Layer, ...] = (*layers, self.overlay)
        self._needs = needs
        self._buffers: tuple[_Channels, _Channels] | None = None

    def canvas_shape(self, shape: tuple[int, int]) -> tuple[int, int]:
        """Return the (rows, cols) of pictures for frames of a shape."""
        return self.comparison.canvas_shape(shape)

    def warm_up(self, shape: tuple[int, int]) -> None:
        """Render a blank frame: a thread's first one allocates memory and loads a font, which would cost frames."""
        blank = np.zeros(shape if self.color == "gray" else (*shape, 3), np.uint8)
        Renderer(self.filter, color=self.color).render(Frame(blank, 0, Fraction(0), 0))

    def render(self, frame: Frame, analysis: Analysis = NO_ANALYSIS) -> Result:
        """Return the result of a frame.

        Args:
            frame: Gray or BGR.
            analysis: What is known of the frame; the result's analysis is the same with the score.
        """
        return self.draw(self.apply(frame, analysis))

    def apply(self, frame: Frame, analysis: Analysis = NO_ANALYSIS) -> Result:
        """Filter and score a frame, without drawing: the result's picture is the filtered image."""
        if Needs.PICTURE not in self._needs:
            return _scored(replace(frame, chroma=None), frame.gray, self.filter.score(frame.gray), analysis)
        if frame.chroma is not None and self.color == "gray":
            frame = replace(frame, chroma=None)
        if frame.pixels.ndim == 2 or self.color == "gray":
            made = self.filter(frame.gray)
            return _scored(frame, made.image, made.score, analysis)
        if self.color == "luma":
            return self._apply_to_luma(frame, analysis)
        return _scored(frame, self._each_channel(frame.pixels), self.filter.score(frame.gray), analysis)

    def draw(self, result: Result) -> Result:
        """Draw the layers on what was filtered, as they are now."""
        if Needs.PICTURE not in self._needs:
            return result
        return replace(result, picture=compose(result, self.comparison, self._layers))

    def _apply_to_luma(self, frame: Frame, analysis: Analysis) -> Result:
        before = np.asarray(cv2.cvtColor(frame.pixels, cv2.COLOR_BGR2GRAY), dtype=np.uint8)
        made = self.filter(before)
        score = made.score if np.array_equal(before, frame.gray) else self.filter.score(frame.gray)
        change = cv2.subtract(made.image, before, dtype=cv2.CV_16S)
        filtered = cv2.add(frame.pixels, cv2.merge([change] * 3), dtype=cv2.CV_8U)  # Saturates.
        return _scored(frame, np.asarray(filtered, dtype=np.uint8), score, analysis)

    def _each_channel(self, pixels: Pixels) -> Pixels:
        before, after = self._channels(pixels.shape[:2])
        cv2.split(pixels, before)
        for channel, out in zip(before, after, strict=True):
            self.filter(channel, out)
        return np.asarray(cv2.merge(after), dtype=np.uint8)

    def _channels(self, shape: tuple[int, ...]) -> tuple[_Channels, _Channels]:
        """Return two sets of channels of a shape, whose memory is used again for every frame."""
        if self._buffers is None or self._buffers[0][0].shape != shape:
            blue, green, red, *after = (np.empty(shape, np.uint8) for _ in range(6))
            self._buffers = (blue, green, red), (after[0], after[1], after[2])
        return self._buffers


def _scored(frame: Frame, filtered: Pixels, score: EdgeScore, analysis: Analysis) -> Result:
    return Result(frame, filtered, filtered, replace(analysis, score=score))
