"""Edge scores of zones: the same sums as the reference, each over the smallest box around its zone."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from livefilter.compiler._executable import Executable
from livefilter.compiler.native import CompileSession
from livefilter.compiler.plan import plan_score
from livefilter.compiler.threads import thread_count
from livefilter.errors import OptionError
from livefilter.frame import Pixels, check_gray
from livefilter.kernels import EdgeScore, ScoreRule, ScoreSums, Zone

_PADDING = 2
"""Bytes of a mask after its last row: windows are scored in pairs."""
_MAX_SHAPES = 4
"""Number of frame shapes for which masks are kept."""


@dataclass(frozen=True, slots=True, eq=False)
class _Box:
    """A zone in frames of one shape.

    Attributes:
        rows: Rows of the smallest box that holds all whole windows.
        cols: Its columns.
        mask: 1 for each pixel of the box with which a whole window begins, otherwise 0; then padding.
        windows: Number of whole windows.
    """

    rows: slice
    cols: slice
    mask: NDArray[np.uint8]
    windows: int


class ZoneScorer:
    """Scores zones of gray frames of any size; safe to call from any number of threads.

    Each zone is scored over the windows that lie inside it as a whole. The time it takes depends on the size of its
    bounding box, not on that of the frame.

    Args:
        zones: The zones.
        rule: How they are scored.
        threads: As for ``Filter``. The result does not depend on it.

    Raises:
        OptionError: ``threads`` is not positive.

    Example:
        >>> stripes = np.tile(np.array([[0], [255]], dtype=np.uint8), (4, 8))
        >>> ZoneScorer([Zone("left", [(0, 0), (0.5, 0), (0.5, 1), (0, 1)])], ScoreRule())(stripes)
        {'left': EdgeScore(horizontal=1.0, vertical=0.0, density=1.0)}
    """

    def __init__(self, zones: Iterable[Zone], rule: ScoreRule, *, threads: int | None = None) -> None:
        self._rule = rule
        self._zones = tuple(zones)
        plan, max_shapes = plan_score(rule, has_mask=True), _MAX_SHAPES * max(len(self._zones), 1)
        self._executable = Executable(plan, thread_count(threads), max_shapes=max_shapes)
        self._boxes: dict[tuple[int, int], list[_Box]] = {}

    def __call__(self, gray: Pixels) -> dict[str, EdgeScore]:
        """Return the score of each zone, by its name.

        Args:
            gray: uint8, shape (rows, cols); any strides, any size.

        Raises:
            ShapeError: The frame is not gray, or is empty.
            PixelTypeError: The frame is not uint8.
            OptionError: No whole window lies inside a zone in a frame of this size.
        """
        return {name: self._rule.score(sums) for name, sums in self.sums(gray).items()}

    def prepare(self, shape: tuple[int, int]) -> None:
        """Find the pixels of the zones in frames of a shape; otherwise the first frame does.

        Raises:
            OptionError: No whole window lies inside a zone in frames of this shape.
        """
        if shape not in self._boxes:
            self._make_boxes(shape)

    def sums(self, gray: Pixels) -> dict[str, ScoreSums]:
        """Return the exact counts of each zone, by its name; arguments and errors as for a call."""
        rows, cols = check_gray(gray).shape
        boxes = self._boxes.get((rows, cols)) or self._make_boxes((rows, cols))
        result, nothing = {}, np.empty((1, 1), dtype=np.uint8)
        for zone, box in zip(self._zones, boxes, strict=True):
            sums = self._executable.run(np.ascontiguousarray(gray[box.rows, box.cols]), nothing, box.mask)
            result[zone.name] = ScoreSums(sums.horizontal, sums.vertical, sums.dense, box.windows)
        return result

    def _make_boxes(self, shape: tuple[int, int]) -> list[_Box]:
        boxes = [_make_box(zone, shape, self._rule.horizontal.shape) for zone in self._zones]
        for other in list(self._boxes)[: 1 - _MAX_SHAPES]:
            self._boxes.pop(other, None)
        self._boxes[shape] = boxes
        return boxes


def compile_zone_scores(rule: ScoreRule, session: CompileSession | None = None) -> None:
    """Compile what scores zones by a rule, or load it from the cache folder.

    Args:
        rule: The rule.
        session: The compile session, so that another thread can cancel it.

    Raises:
        CompileCancelled: Compilation was cancelled.
    """
    Executable(plan_score(rule, has_mask=True), 1, session)


def _make_box(zone: Zone, shape: tuple[int, int], window: tuple[int, int]) -> _Box:
    windows = zone.whole_windows(shape, window)
    at_rows, at_cols = (np.flatnonzero(windows.any(axis=axis)) for axis in (1, 0))
    if not len(at_rows):
        raise OptionError(
            f"zone {zone.name!r}: must hold at least one window of {window[0]}x{window[1]} pixels to have a score, "
            f"found none in a picture of {shape[1]}x{shape[0]}; make the zone larger"
        )
    rows = slice(int(at_rows[0]), int(at_rows[-1]) + window[0])
    cols = slice(int(at_cols[0]), int(at_cols[-1]) + window[1])
    flags = np.zeros((rows.stop - rows.start, cols.stop - cols.start), dtype=np.uint8)
    inside = windows[rows, cols]
    flags[: inside.shape[0], : inside.shape[1]] = inside
    return _Box(rows, cols, np.append(flags, np.zeros(_PADDING, np.uint8)), int(np.count_nonzero(windows)))
