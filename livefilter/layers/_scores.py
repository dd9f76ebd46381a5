"""Overlay of a preset: its name, scores with bars and history, and zones."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence

import cv2
import numpy as np

from livefilter.analysis import EdgeScore, Result
from livefilter.frame import Pixels
from livefilter.kernels import Zone
from livefilter.layers._layer import Layer
from livefilter.layers._text import TextStyle, shade
from livefilter.layers._zones import ZoneOutlines
from livefilter.presets import OverlaySettings

_FIELDS = ("horizontal", "vertical", "density")
_HISTORY_S = 10
_MAX_HISTORY = 2400
"""Scores kept: ten seconds at 240 frames per second."""
_AXIS_LEVEL = 110
"""Gray level of the line under a sparkline; an empty bar has half of it."""


class Overlay(Layer):
    """Draws the scores, the preset's name and its zones, and keeps the history of scores for that.

    Args:
        settings: What to draw.
        name: The preset's name.
        zones: The preset's zones.
        is_shown: Whether anything is drawn at first.

    Attributes:
        is_shown: Whether anything is drawn; may be set at any time.
        is_scale_held: Whether bars keep the scale that they have, so that scores can be compared over time; otherwise
            the scale follows the history.
    """

    def __init__(
        self, settings: OverlaySettings, name: str, *, zones: Sequence[Zone] = (), is_shown: bool = True
    ) -> None:
        self.is_shown = is_shown
        self.is_scale_held = False
        self._settings = settings
        self._name = name
        self._outlines = ZoneOutlines(zones if settings.zones else ())
        self._history: deque[tuple[float, ...]] = deque(maxlen=_MAX_HISTORY)
        self._scales = [0.0] * len(_FIELDS)

    def carried_over(
        self, settings: OverlaySettings, name: str, *, zones: Sequence[Zone] = (), keep_history: bool
    ) -> Overlay:
        """Return the overlay of the next preset, shown if this one is.

        Args:
            settings: What to draw.
            name: The preset's name.
            zones: The preset's zones.
            keep_history: Keep the history and the scale of the bars: right if the next preset scores frames by the
                same rule. Otherwise both start empty.
        """
        overlay = Overlay(settings, name, zones=zones, is_shown=self.is_shown)
        if keep_history:
            overlay.is_scale_held, overlay._scales, overlay._history = self.is_scale_held, self._scales, self._history
        return overlay

    @property
    def scales(self) -> tuple[float, ...]:
        """Score at which each bar is full; zeros before the first bars are drawn."""
        return tuple(self._scales)

    @property
    def is_visible(self) -> bool:
        """Whether the name, the scores or a zone is drawn."""
        return self.is_shown and (self._settings.name or self._settings.scores or self._outlines.is_visible)

    @property
    def has_name(self) -> bool:
        """Whether the preset's name is drawn."""
        return self.is_shown and self._settings.name

    def name_rows(self, shape: tuple[int, ...]) -> int:
        """Return how many rows the preset's name takes at the top of an image of this shape."""
        if not self.has_name:
            return 0
        style = TextStyle.for_shape(*shape[:2])
        return style.height_px + 2 * _pad(style)

    def observe(self, result: Result) -> None:
        """Append the scores to the history; those of a frame that is drawn again replace what it had."""
        time_s, score = float(result.frame.time_s), result.score
        if self._history and time_s < self._history[-1][0]:
            self._history.clear()
        elif self._history and time_s == self._history[-1][0]:
            self._history.pop()
        self._history.append((time_s, *(getattr(score, field) for field in _FIELDS)))
        while self._history[0][0] < time_s - _HISTORY_S:
            self._history.popleft()

    def draw(self, canvas: Pixels, result: Result) -> None:
        """Draw the zones, the name at the top, and the scores in the lower left corner."""
        if self._outlines.is_visible:
            self._outlines.draw(canvas, result)
        if self.has_name:
            self._draw_name(canvas)
        if self._settings.scores:
            self._draw_scores(canvas, result.score)

    def _draw_name(self, image: Pixels) -> None:
        style = TextStyle.for_shape(*image.shape[:2])
        pad = _pad(style)
        shade(image, 0, 0, style.height_px + 2 * pad, style.width(self._name) + 2 * style.height_px)
        style.draw(image, self._name, style.height_px, pad + style.height_px)

    def _draw_scores(self, image: Pixels, score: EdgeScore) -> None:
        """Draw a row for each score in the lower left corner: name, number, bar, and a sparkline."""
        style = TextStyle.for_shape(*image.shape[:2])
        gap = style.height_px
        numbers_at = gap + max(map(style.width, _FIELDS)) + gap
        bars_at = numbers_at + style.width("0.000") + gap
        sparkline_at = bars_at + 6 * gap + gap
        sparkline_px = 10 * gap if self._settings.sparkline else -gap
        panel_rows = 3 * style.line_px + gap
        top = image.shape[0] - panel_rows
        panel = shade(image, top, 0, panel_rows, sparkline_at + sparkline_px + gap)
        times, *series = np.array(self._history).T
        if not (self.is_scale_held and any(self._scales)):
            self._scales = [_bar_scale(float(values.max())) for values in series]
        for row, (field, values, full) in enumerate(zip(_FIELDS, series, self._scales, strict=True)):
            value = getattr(score, field)
            base = gap * 2 // 3 + style.height_px + row * style.line_px
            style.draw(panel, field, gap, base)
            style.draw(panel, f"{value:.3f}", numbers_at, base)
            bar = panel[base - style.height_px : base, bars_at : bars_at + 6 * gap]
            bar[:] = np.maximum(bar, _AXIS_LEVEL // 2)
            bar[:, : round(bar.shape[1] * min(value / full, 1))] = 255
            if self._settings.sparkline:
                area = panel[base - style.height_px : base + 1, sparkline_at : sparkline_at + sparkline_px]
                _draw_sparkline(area, times - times[-1], np.minimum(values / full, 1), style.thickness_px)


def _pad(style: TextStyle) -> int:
    return style.height_px * 2 // 3


def _draw_sparkline(
    area: Pixels,
    ages_s: np.ndarray[tuple[int], np.dtype[np.float64]],
    heights: np.ndarray[tuple[int], np.dtype[np.float64]],
    thickness_px: int,
) -> None:
    """Draw heights from 0 to 1 over the last seconds as a line, in place; the newest is at the right end."""
    rows, cols = area.shape[:2]
    if rows == 0 or cols == 0:
        return
    area[-1:] = _AXIS_LEVEL
    at_cols = (cols - 1) * (1 + ages_s / _HISTORY_S)
    at_rows = (rows - 1) * (1 - heights)
    points = np.rint(np.stack([at_cols, at_rows], axis=1)).astype(np.int32)
    cv2.polylines(area, [points], isClosed=False, color=(255,) * 3, thickness=thickness_px, lineType=cv2.LINE_AA)


def _bar_scale(value: float) -> float:
    """Return the value of a full bar: the smallest of 0.01, 0.02, 0.05, 0.1, ... 1 that is at least ``value``."""
    steps = (base * 10.0**power for power in range(-2, 1) for base in (1, 2, 5))
    return next((step for step in steps if step >= value), math.inf if value > 1 else 1.0)
