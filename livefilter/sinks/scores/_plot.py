"""Scores over time as a figure, with the frames that have the lowest and the highest of each."""

from __future__ import annotations

from array import array
from dataclasses import astuple, dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
from numpy.typing import NDArray

from livefilter.errors import MissingPackageError, OptionError
from livefilter.frame import Frame, Pixels
from livefilter.kernels import EdgeScore
from livefilter.sinks._atomic_file import AtomicFile, write_error
from livefilter.sinks._lifetime import Lifetime
from livefilter.sinks._provenance import Provenance
from livefilter.sinks._sink import Sink

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_Floats = NDArray[np.float64]
PLOT_SUFFIXES = (".png", ".svg", ".pdf")
_NAMES = tuple(field.name for field in fields(EdgeScore))
_COLOURS = ("#3b6ea5", "#b5533c", "#4d8a57")
_THUMBNAIL_PX = 320
_MOST_POINTS = 4000
"""Drawn at most; longer runs are drawn as the least and the greatest of each stretch."""


@dataclass(slots=True, eq=False)
class _Extreme:
    """A frame that has the lowest or the highest score so far."""

    value: float
    time_s: float
    index: int
    thumbnail: Pixels


class PlotSink(Sink):
    """A figure of all scores over media time, the frame with the lowest and that with the highest of each beside it.

    Of the frames, only thumbnails of these six are kept; of the scores, four numbers for each frame.

    Args:
        path: A file that ends in .png, .svg or .pdf.
        origin: Stands in the title; nothing unless given.
        overwrite: Replace a file that exists.

    Raises:
        SinkError: The file cannot be made.
        OptionError: Another ending.
        MissingPackageError: matplotlib is not installed.
    """

    def __init__(self, path: Path, *, origin: Provenance | None = None, overwrite: bool = False) -> None:
        if path.suffix.lower() not in PLOT_SUFFIXES:
            raise OptionError(f"{path}: a plot ends in {', '.join(PLOT_SUFFIXES)}, found {path.suffix or 'none'}")
        try:
            import matplotlib.figure  # noqa: F401 - tried now, not after an hour of work
        except ImportError as error:
            raise MissingPackageError(
                f"{path.name}: a plot needs matplotlib; pip install 'livefilter[explain]'"
            ) from error
        self.target = str(path)
        self._title = "" if origin is None else f"{origin.source}, scored by {origin.preset} ({origin.preset_hash})"
        self._times_s = array("d")
        self._scores = [array("d") for _ in _NAMES]
        self._lowest: list[_Extreme] = []
        self._highest: list[_Extreme] = []
        self._file = AtomicFile(path, overwrite=overwrite)
        self._lifetime = Lifetime(self.target)

    def write(self, frame: Frame, score: EdgeScore) -> None:
        """Take note of one score; the picture is kept if it is an extreme, small."""
        with self._lifetime.write():
            self._write(frame, score)

    def finish(self, *, is_complete: bool = True) -> str | None:
        """Draw the figure, and move it into place; nothing is left where there was no frame."""
        with self._lifetime.hold() as is_open:
            if is_open and self._lowest:
                return self._finish(is_complete)
            self.discard()
            return None

    def discard(self) -> None:
        """Remove the unfinished file."""
        with self._lifetime.hold() as is_open:
            if is_open:
                self._lifetime.end()
                self._file.discard()

    def _write(self, frame: Frame, score: EdgeScore) -> None:
        values = astuple(score)
        self._times_s.append(float(frame.time_s))
        for kept, value in zip(self._scores, values, strict=True):
            kept.append(value)
        if not self._lowest:
            self._lowest = [_extreme(frame, value) for value in values]
            self._highest = list(self._lowest)
            return
        for at, value in enumerate(values):
            if value < self._lowest[at].value:
                self._lowest[at] = _extreme(frame, value)
            if value > self._highest[at].value:
                self._highest[at] = _extreme(frame, value)

    def _finish(self, is_complete: bool) -> str:
        try:
            self._draw(self._file.partial)
        except OSError as error:
            raise write_error(self._file.target, error) from error
        self._lifetime.end()
        return str(self._file.complete() if is_complete else self._file.keep())

    def _draw(self, path: Path) -> None:
        from matplotlib.figure import Figure

        figure = Figure(figsize=(13, 7), layout="constrained")
        grid = figure.add_gridspec(len(_NAMES), 3, width_ratios=(3, 1, 1))
        times_s = np.array(self._times_s)
        for row, (name, colour) in enumerate(zip(_NAMES, _COLOURS, strict=True)):
            axes = figure.add_subplot(grid[row, 0])
            axes.plot(*_thinned(times_s, np.array(self._scores[row])), color=colour, linewidth=0.9)
            axes.set_ylabel(name)
            axes.margins(x=0.01)
            axes.grid(alpha=0.3)
            for column, (word, one) in enumerate((("lowest", self._lowest[row]), ("highest", self._highest[row])), 1):
                axes.plot(one.time_s, one.value, "v" if word == "lowest" else "^", color=colour, markersize=8)
                _show(figure.add_subplot(grid[row, column]), one, f"{word} {name}: {one.value:.4f}")
            if row == len(_NAMES) - 1:
                axes.set_xlabel("media time, s")
        figure.suptitle(self._title, fontsize=11)
        figure.savefig(path, dpi=120, format=path.suffix[1:].lower())


def _extreme(frame: Frame, value: float) -> _Extreme:
    rows, cols = frame.pixels.shape[:2]
    scale = min(1.0, _THUMBNAIL_PX / max(rows, cols))
    size = (max(1, round(cols * scale)), max(1, round(rows * scale)))
    # A copy also where the size stays: the memory of a frame is used again.
    small = np.array(cv2.resize(frame.pixels, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)
    return _Extreme(value, float(frame.time_s), frame.index, small)


def _thinned(times_s: _Floats, values: _Floats) -> tuple[_Floats, _Floats]:
    """Return what to draw of many points: of each stretch the least and the greatest, so that no peak is lost."""
    if len(values) <= _MOST_POINTS:
        return times_s, values
    stretches = np.array_split(np.arange(len(values)), _MOST_POINTS // 2)
    kept = np.array([sorted((part[values[part].argmin()], part[values[part].argmax()])) for part in stretches]).ravel()
    return times_s[kept], values[kept]


def _show(axes: Axes, one: _Extreme, title: str) -> None:
    picture = one.thumbnail if one.thumbnail.ndim == 2 else one.thumbnail[:, :, ::-1]
    axes.imshow(picture, cmap="gray", vmin=0, vmax=255)
    axes.set_title(title, fontsize=9)
    axes.set_xlabel(f"frame {one.index}, {one.time_s:.2f} s", fontsize=8)
    axes.set_xticks([])
    axes.set_yticks([])
