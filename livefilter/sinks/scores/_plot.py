"""Plots of scores over time, with the frames of the lowest and the highest scores."""

from __future__ import annotations

import math
from array import array
from collections.abc import Mapping
from dataclasses import astuple, dataclass, fields
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
from numpy.typing import NDArray

from livefilter.analysis import EdgeScore, Result
from livefilter.errors import MissingPackageError, OptionError
from livefilter.frame import Frame, Pixels
from livefilter.sinks._atomic_file import AtomicFile, write_error
from livefilter.sinks._provenance import Provenance
from livefilter.sinks._sink import Needs, Sink
from livefilter.sinks._write_guard import WriteGuard

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_Floats = NDArray[np.float64]
PLOT_SUFFIXES = (".png", ".svg", ".pdf")
_NAMES = tuple(field.name for field in fields(EdgeScore))
_COLOURS = ("#3b6ea5", "#b5533c", "#4d8a57")
_ZONE_COLOURS = ("#8c6bb1", "#d69f2e", "#2b8c8c", "#c2528b", "#6f7d8c", "#7a5c3e", "#9bbf3b", "#5a5ad6")
_THUMBNAIL_PX = 320
_MAX_POINTS = 4000
"""Points to draw; longer runs are drawn as the minimum and maximum of each segment."""


@dataclass(slots=True, eq=False)
class _Extreme:
    """The frame with the lowest or the highest score so far."""

    value: float
    time_s: float
    index: int
    thumbnail: Pixels


class PlotSink(Sink):
    """A plot of all scores over media time, each with thumbnails of its lowest and highest frame.

    Scores of zones are thinner lines beside that of the whole frame. The sink holds six thumbnails in memory and, per
    frame, four numbers and three for each zone.

    Args:
        path: A .png, .svg or .pdf file.
        provenance: Source and preset, for the title; None leaves the title out.
        overwrite: Replace an existing file.

    Raises:
        SinkError: The file cannot be created.
        OptionError: The suffix is unknown.
        MissingPackageError: matplotlib is not installed.
    """

    needs = Needs.ANALYSIS | Needs.FRAME

    def __init__(self, path: Path, *, provenance: Provenance | None = None, overwrite: bool = False) -> None:
        if path.suffix.lower() not in PLOT_SUFFIXES:
            raise OptionError(f"{path}: a plot ends in {', '.join(PLOT_SUFFIXES)}, found {path.suffix or 'none'}")
        try:
            import matplotlib.figure  # noqa: F401 - fail now, not after an hour of work
        except ImportError as error:
            raise MissingPackageError(
                f"{path.name}: a plot needs matplotlib; pip install 'livefilter[explain]'"
            ) from error
        self.target = str(path)
        self._title = (
            ""
            if provenance is None
            else f"{provenance.source}, scored by {provenance.preset} ({provenance.preset_hash})"
        )
        self._times_s = array("d")
        self._scores = [array("d") for _ in _NAMES]
        self._zones: dict[str, list[array[float]]] = {}
        self._lowest: list[_Extreme] = []
        self._highest: list[_Extreme] = []
        self._file = AtomicFile(path, overwrite=overwrite)
        self._write_guard = WriteGuard(self.target)

    def write(self, result: Result) -> None:
        """Record one score, and a thumbnail of the frame if the score is an extreme."""
        with self._write_guard.write():
            self._write(result.frame, result.score)
            self._write_zones(result.analysis.zones)

    def finish(self, *, is_complete: bool = True, end_s: Fraction | None = None) -> str | None:
        """Draw the plot, and move it into place; without a frame, return None and leave no file."""
        with self._write_guard.lock() as is_open:
            if is_open and self._lowest:
                return self._finish(is_complete)
            self.discard()
            return None

    def discard(self) -> None:
        """Remove the unfinished file."""
        with self._write_guard.lock() as is_open:
            if is_open:
                self._write_guard.end()
                self._file.discard()

    def _write(self, frame: Frame, score: EdgeScore) -> None:
        values = astuple(score)
        self._times_s.append(float(frame.time_s))
        for series, value in zip(self._scores, values, strict=True):
            series.append(value)
        if not self._lowest:
            self._lowest = [_extreme(frame, value) for value in values]
            self._highest = list(self._lowest)
            return
        for row, value in enumerate(values):
            if value < self._lowest[row].value:
                self._lowest[row] = _extreme(frame, value)
            if value > self._highest[row].value:
                self._highest[row] = _extreme(frame, value)

    def _write_zones(self, zones: Mapping[str, EdgeScore]) -> None:
        """Record the scores of zones; NaN leaves a gap in the line of a zone that was not scored in some frames."""
        for name in zones:
            if name not in self._zones:
                self._zones[name] = [array("d", [math.nan] * (len(self._times_s) - 1)) for _ in _NAMES]
        missing = (math.nan,) * len(_NAMES)
        for name, scores in self._zones.items():
            for series, value in zip(scores, astuple(zones[name]) if name in zones else missing, strict=True):
                series.append(value)

    def _finish(self, is_complete: bool) -> str:
        try:
            self._draw(self._file.partial)
        except OSError as error:
            raise write_error(self._file.target, error) from error
        self._write_guard.end()
        return str(self._file.complete() if is_complete else self._file.keep_partial())

    def _draw(self, path: Path) -> None:
        from matplotlib.figure import Figure

        figure = Figure(figsize=(13, 7), layout="constrained")
        grid = figure.add_gridspec(len(_NAMES), 3, width_ratios=(3, 1, 1))
        times_s = np.array(self._times_s)
        for row, (name, colour) in enumerate(zip(_NAMES, _COLOURS, strict=True)):
            axes = figure.add_subplot(grid[row, 0])
            axes.plot(*_decimate(times_s, np.array(self._scores[row])), color=colour, linewidth=0.9, label="frame")
            for place, (zone, scores) in enumerate(self._zones.items()):
                line = _decimate(times_s, np.array(scores[row]))
                axes.plot(*line, color=_ZONE_COLOURS[place % len(_ZONE_COLOURS)], linewidth=0.6, label=zone)
            if self._zones:
                axes.legend(loc="upper right", fontsize=7, ncols=4, framealpha=0.6)
            axes.set_ylabel(name)
            axes.margins(x=0.01)
            axes.grid(alpha=0.3)
            for column, (word, extreme) in enumerate(
                (("lowest", self._lowest[row]), ("highest", self._highest[row])), 1
            ):
                axes.plot(extreme.time_s, extreme.value, "v" if word == "lowest" else "^", color=colour, markersize=8)
                _show(figure.add_subplot(grid[row, column]), extreme, f"{word} {name}: {extreme.value:.4f}")
            if row == len(_NAMES) - 1:
                axes.set_xlabel("media time, s")
        figure.suptitle(self._title, fontsize=11)
        figure.savefig(path, dpi=120, format=path.suffix[1:].lower())


def _extreme(frame: Frame, value: float) -> _Extreme:
    rows, cols = frame.pixels.shape[:2]
    scale = min(1.0, _THUMBNAIL_PX / max(rows, cols))
    size = (max(1, round(cols * scale)), max(1, round(rows * scale)))
    # A copy even of a small frame, because sources reuse the memory of their frames.
    small = np.array(cv2.resize(frame.pixels, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)
    return _Extreme(value, float(frame.time_s), frame.index, small)


def _decimate(times_s: _Floats, values: _Floats) -> tuple[_Floats, _Floats]:
    """Return at most ``_MAX_POINTS`` points: the minimum and maximum of each segment, so that no peak is lost."""
    if len(values) <= _MAX_POINTS:
        return times_s, values
    segments = np.array_split(np.arange(len(values)), _MAX_POINTS // 2)
    indices = np.array(
        [sorted((part[_argmin(values[part])], part[_argmin(-values[part])])) for part in segments]
    ).ravel()
    return times_s[indices], values[indices]


def _argmin(values: _Floats) -> int:
    """Return where the smallest value is, NaN being the largest."""
    return int(np.where(np.isnan(values), np.inf, values).argmin())


def _show(axes: Axes, extreme: _Extreme, title: str) -> None:
    image = extreme.thumbnail if extreme.thumbnail.ndim == 2 else extreme.thumbnail[:, :, ::-1]
    axes.imshow(image, cmap="gray", vmin=0, vmax=255)
    axes.set_title(title, fontsize=9)
    axes.set_xlabel(f"frame {extreme.index}, {extreme.time_s:.2f} s", fontsize=8)
    axes.set_xticks([])
    axes.set_yticks([])
