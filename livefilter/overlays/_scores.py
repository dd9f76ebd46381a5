"""The overlay: scores with bars and history, the preset's name; drawn on a copy, after filtering."""

from __future__ import annotations

import math
from collections import deque
from fractions import Fraction

import cv2
import numpy as np

from livefilter.errors import OptionError
from livefilter.frame import Pixels
from livefilter.kernels import EdgeScore
from livefilter.overlays._compare import COMPARES, Compare, composed
from livefilter.overlays._text import TextStyle, shade
from livefilter.presets import OverlaySettings

_FIELDS = ("horizontal", "vertical", "density")
_HISTORY_S = 10
_MOST_SCORES = 2400
"""Remembered at most: ten seconds at 240 frames per second."""
_FAINT = 110


class Overlay:
    """What is drawn on results, and what it must remember for that.

    Args:
        settings: What to draw.
        name: The preset's name.
        compare: How the original is shown.

    Attributes:
        compare: May be changed at any time.
        is_shown: False draws nothing but the comparison.
        is_frozen: The lengths of the scores' bars keep their scale, so that they can be compared over time.
        wipe: Where the line of "wipe" is, as a share of the width.

    Raises:
        OptionError: ``compare`` is none of "none", "side", "wipe" and "pip".
    """

    def __init__(self, settings: OverlaySettings, name: str, compare: Compare = "none") -> None:
        if compare not in COMPARES:
            raise OptionError(f"compare: must be one of {', '.join(COMPARES)}, found {compare!r}")
        self.compare: Compare = compare
        self.is_shown = True
        self.is_frozen = False
        self.wipe = 0.5
        self._settings = settings
        self._name = name
        self._history: deque[tuple[float, ...]] = deque(maxlen=_MOST_SCORES)
        self._scales = [0.0] * len(_FIELDS)

    def succeeded_by(self, settings: OverlaySettings, name: str, *, goes_on: bool) -> Overlay:
        """Return the overlay of another preset, drawn in the same way.

        Args:
            settings: What to draw.
            name: The preset's name.
            goes_on: It scores frames by the same rule, so that its scores are a continuation of these; else they, and
                their scale, begin anew.
        """
        other = Overlay(settings, name, self.compare)
        other.is_shown, other.wipe = self.is_shown, self.wipe
        if goes_on:
            other.is_frozen, other._scales, other._history = self.is_frozen, self._scales, self._history
        return other

    @property
    def has_name(self) -> bool:
        """Whether the preset's name is drawn."""
        return self.is_shown and self._settings.name

    def name_rows(self, shape: tuple[int, ...]) -> int:
        """Return how many rows the preset's name takes at the top of a picture of this shape."""
        if not self.has_name:
            return 0
        style = TextStyle.fitting(*shape[:2])
        return style.height_px + 2 * _pad(style)

    def shown_shape(self, shape: tuple[int, int]) -> tuple[int, int]:
        """Return the shape that ``draw`` makes of pictures of this one."""
        rows, cols = shape
        return (rows, 2 * cols) if self.compare == "side" else shape

    def draw(self, original: Pixels, filtered: Pixels, score: EdgeScore, time_s: Fraction) -> Pixels:
        """Return the picture to show; neither argument is changed.

        Args:
            original: Gray, uint8, what went into the filter.
            filtered: Gray, uint8, of the same shape, what came out.
            score: Of this frame.
            time_s: Media time of this frame.

        Returns:
            uint8: a new picture, or ``filtered`` itself if there is nothing to draw.
        """
        self._remember(float(time_s), score)
        if self.compare == "none" and not self.is_shown:
            return filtered
        picture = composed(original, filtered, self.compare, self.wipe)
        if self.is_shown:
            if self.has_name:
                self._draw_name(picture)
            if self._settings.scores:
                self._draw_scores(picture, score)
        return picture

    def _remember(self, time_s: float, score: EdgeScore) -> None:
        if self._history and time_s < self._history[-1][0]:
            self._history.clear()
        elif self._history and time_s == self._history[-1][0]:
            self._history.pop()  # The same frame, drawn again.
        self._history.append((time_s, *(getattr(score, field) for field in _FIELDS)))
        while self._history[0][0] < time_s - _HISTORY_S:
            self._history.popleft()

    def _draw_name(self, picture: Pixels) -> None:
        style = TextStyle.fitting(*picture.shape)
        pad = _pad(style)
        shade(picture, 0, 0, style.height_px + 2 * pad, style.width(self._name) + 2 * style.height_px)
        style.draw(picture, self._name, style.height_px, pad + style.height_px)

    def _draw_scores(self, picture: Pixels, score: EdgeScore) -> None:
        """Draw a row for each score in the lower left corner: name, number, bar, and the course of the last seconds."""
        style = TextStyle.fitting(*picture.shape)
        gap = style.height_px
        numbers_at = gap + max(map(style.width, _FIELDS)) + gap
        bars_at = numbers_at + style.width("0.000") + gap
        course_at = bars_at + 6 * gap + gap
        course_px = 10 * gap if self._settings.sparkline else -gap
        panel_rows = 3 * style.line_px + gap
        top = picture.shape[0] - panel_rows
        panel = shade(picture, top, 0, panel_rows, course_at + course_px + gap)
        times, *courses = np.array(self._history).T
        if not (self.is_frozen and any(self._scales)):
            self._scales = [_round_up(float(course.max())) for course in courses]
        for row, (field, course, full) in enumerate(zip(_FIELDS, courses, self._scales, strict=True)):
            value = getattr(score, field)
            base = gap * 2 // 3 + style.height_px + row * style.line_px
            style.draw(panel, field, gap, base)
            style.draw(panel, f"{value:.3f}", numbers_at, base)
            bar = panel[base - style.height_px : base, bars_at : bars_at + 6 * gap]
            bar[:] = np.maximum(bar, _FAINT // 2)
            bar[:, : round(bar.shape[1] * min(value / full, 1))] = 255
            if self._settings.sparkline:
                area = panel[base - style.height_px : base + 1, course_at : course_at + course_px]
                _draw_course(area, times - times[-1], np.minimum(course / full, 1), style.thickness_px)


def _pad(style: TextStyle) -> int:
    return style.height_px * 2 // 3


def _draw_course(
    area: Pixels,
    ages_s: np.ndarray[tuple[int], np.dtype[np.float64]],
    heights: np.ndarray[tuple[int], np.dtype[np.float64]],
    thickness_px: int,
) -> None:
    """Draw heights in [0, 1] over the last seconds as a line, the newest at the right end, in place."""
    rows, cols = area.shape
    if rows == 0 or cols == 0:
        return
    area[-1:] = _FAINT
    at_cols = (cols - 1) * (1 + ages_s / _HISTORY_S)
    at_rows = (rows - 1) * (1 - heights)
    points = np.rint(np.stack([at_cols, at_rows], axis=1)).astype(np.int32)
    cv2.polylines(area, [points], isClosed=False, color=(255,), thickness=thickness_px, lineType=cv2.LINE_AA)


def _round_up(value: float) -> float:
    """Return the full length of a bar for ``value``: the next of 0.01, 0.02, 0.05, 0.1, ... 1."""
    steps = (base * 10.0**power for power in range(-2, 1) for base in (1, 2, 5))
    return next((step for step in steps if step >= value), math.inf if value > 1 else 1.0)
