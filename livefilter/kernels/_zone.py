"""Zones: named polygons in a picture, the pixels inside them, and the windows that lie inside as a whole."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from numbers import Real
from typing import Any, TypeGuard

import numpy as np
from numpy.typing import NDArray

from livefilter.errors import OptionError
from livefilter.kernels._rational import to_fraction

Mask = NDArray[np.bool_]
Point = tuple[int, int]
Fault = tuple[tuple[int, ...], str]
MAX_ZONES = 64
MAX_POINTS = 256
NAME_PATTERN = r"[^\W\d_][\w-]{0,39}"
"""Names of zones: they begin the names of columns, as in ``door.horizontal``."""


@dataclass(frozen=True, slots=True)
class Zone:
    """A named polygon in pictures of any size.

    A pixel lies inside if its centre does, by the even-odd rule, in exact arithmetic. A centre that lies on an edge is
    inside if the zone continues to the right of it or, on a horizontal edge, below it. So zones that share an edge
    share no pixel, and leave none between them.

    Attributes:
        name: A letter, then letters, digits, "_" and "-"; at most 40 in all.
        points: Corners in order, 3 to 256 pairs (x, y): fractions of the picture's width and height, from 0 to 1, from
            the top left of the upright picture. The last corner is joined to the first.

    Raises:
        OptionError: The name or the points break a rule, or the outline crosses or touches itself.

    Example:
        >>> Zone("left", [(0, 0), (0.5, 0), (0.5, 1), (0, 1)]).pixel_mask((1, 4))
        array([[ True,  True, False, False]])
    """

    name: str
    points: tuple[tuple[float, float], ...]

    def __post_init__(self) -> None:
        fault = find_name_fault(self.name)
        if fault is not None:
            raise OptionError(f"zone {self.name!r}: {fault}")
        found = find_points_fault(self.points)
        if found is not None:
            path, message = found
            where = "".join(f"[{at}]" for at in path)
            raise OptionError(f"zone {self.name!r}: {f'points{where}: ' if path else ''}{message}")
        object.__setattr__(self, "points", tuple((float(x), float(y)) for x, y in self.points))

    def pixel_mask(self, shape: tuple[int, int]) -> Mask:
        """Return which pixels of a picture of this shape lie inside: bool, shape (rows, cols)."""
        box, inside = self._box_mask(shape)
        mask = np.zeros(shape, dtype=np.bool_)
        mask[box] = inside
        return mask

    def _box_mask(self, shape: tuple[int, int]) -> tuple[tuple[slice, slice], Mask]:
        """Return a box of pixels, rows and columns, that holds the zone, and which of them lie inside."""
        rows, cols = shape
        corners, unit = _integer_points(self.points)
        (left, right), (top, bottom) = (
            [_first_centre(extreme(values) * side, unit) for extreme in (min, max)]
            for values, side in zip(zip(*corners, strict=True), (cols, rows), strict=True)
        )
        toggles = np.zeros((bottom - top, right - left + 1), dtype=np.bool_)
        for (x0, y0), (x1, y1) in _edges(corners):
            if y0 == y1:
                continue
            if y0 > y1:
                x0, y0, x1, y1 = x1, y1, x0, y0
            # Row r has its centres at (2 r + 1) / (2 rows). The edge crosses the rows of which these lie in [y0, y1).
            first, last = (_first_centre(y * rows, unit) for y in (y0, y1))
            divisor = 2 * rows * unit * (y1 - y0)
            for row in range(first, last):
                crossing = 2 * rows * x0 * (y1 - y0) + ((2 * row + 1) * unit - 2 * rows * y0) * (x1 - x0)
                toggles[row - top, _first_centre(crossing * cols, divisor) - left] ^= True
        return (slice(top, bottom), slice(left, right)), np.logical_xor.accumulate(toggles, axis=1)[:, :-1]

    def whole_windows(self, shape: tuple[int, int], window: tuple[int, int]) -> Mask:
        """Return which windows of a picture have all of their pixels inside.

        Args:
            shape: Rows and columns of the picture.
            window: Rows and columns of a window.

        Returns:
            bool, shape (rows - window rows + 1, cols - window cols + 1), or empty: by the windows' first pixels.
        """
        whole = np.zeros([max(side - size + 1, 0) for side, size in zip(shape, window, strict=True)], dtype=np.bool_)
        (rows, cols), inside = self._box_mask(shape)
        for axis, size in enumerate(window):
            if size > inside.shape[axis]:
                return whole
            inside = np.all(np.lib.stride_tricks.sliding_window_view(inside, size, axis=axis), axis=-1)
        whole[rows.start : rows.start + inside.shape[0], cols.start : cols.start + inside.shape[1]] = inside
        return whole


def make_zones(zones: Mapping[str, Any] | Iterable[Zone]) -> tuple[Zone, ...]:
    """Return zones from a mapping of names to points, or from zones.

    Raises:
        OptionError: A zone breaks a rule, two have one name, or there are too many.
    """
    if isinstance(zones, Mapping):
        made = tuple(Zone(name, points) for name, points in zones.items())
    else:
        made = tuple(zones) if isinstance(zones, Iterable) else (zones,)
    other = next((zone for zone in made if not isinstance(zone, Zone)), None)
    if other is not None:
        raise OptionError(f"zones: must be a mapping of names to points, or Zones, found {_short(other)}")
    names = [zone.name for zone in made]
    repeated = next((name for at, name in enumerate(names) if name in names[:at]), None)
    if repeated is not None:
        raise OptionError(f"zones: {repeated!r} names two of them; give each a name of its own")
    if len(made) > MAX_ZONES:
        raise OptionError(f"zones: must be at most {MAX_ZONES}, found {len(made)}")
    return made


def find_name_fault(name: object) -> str | None:
    """Return what is wrong with the name of a zone, or None."""
    if isinstance(name, str) and re.fullmatch(NAME_PATTERN, name):
        return None
    return "the name must be a letter, then letters, digits, '_' or '-', at most 40 in all: it begins names of columns"


def find_points_fault(points: object) -> Fault | None:
    """Return what is wrong with the points of a zone, or None.

    Returns:
        Where it is, as indices into ``points``, and a message: the rule, what was found, and what to do.
    """
    if not _is_list(points):
        return (), f"must be a list of points such as [[0.1, 0.1], [0.5, 0.1], [0.5, 0.9]], found {_short(points)}"
    if not 3 <= len(points) <= MAX_POINTS:
        return (), f"must have 3 to {MAX_POINTS} points, found {len(points)}"
    for at, point in enumerate(points):
        if not _is_list(point) or len(point) != 2:
            return (at,), f"must be a pair [x, y], found {_short(point)}"
        for axis, value in enumerate(point):
            if isinstance(value, bool | np.bool_) or not isinstance(value, Real):
                return (at, axis), f"must be a number, found {_short(value)}"
            if not 0 <= float(value) <= 1:
                side = ("width", "height")[axis]
                found = f"found {float(value):g}; divide pixels by the picture's {side}"
                return (at, axis), f"must be from 0 to 1, a fraction of the picture's {side}, {found}"
    return _find_outline_fault(_integer_points(points)[0])


def _find_outline_fault(corners: Sequence[Point]) -> Fault | None:
    """Return what keeps corners from being the outline of an area, or None."""
    count = len(corners)
    for at in range(count):
        before = (at - 1) % count
        if corners[at] == corners[before]:
            advice = "remove one" if at else "the outline closes by itself, remove the last"
            return (at or before,), f"points[{before}] and points[{at}] are the same; {advice}"
    if all(_side(corners[0], corners[1], corner) == 0 for corner in corners):
        return (), "all points lie on one line, so there is no area; move one"
    edges = _edges(corners)
    for later in range(count):
        for earlier in range(later):
            meets = _folds_back if later - earlier in (1, count - 1) else _meet
            if meets(edges[earlier], edges[later]):
                other, line = (f"points[{start}] to points[{(start + 1) % count}]" for start in (earlier, later))
                return (later,), (
                    f"the outline crosses or touches itself: the line from {line} meets the one from {other}; "
                    "list the points in order around the zone"
                )
    return None


def _integer_points(points: Iterable[Sequence[Any]]) -> tuple[list[Point], int]:
    """Return points as integers in a common unit, and the number of units in 1."""
    exact = [(to_fraction(float(x), "x"), to_fraction(float(y), "y")) for x, y in points]
    unit = math.lcm(*(value.denominator for point in exact for value in point))
    return [(int(x * unit), int(y * unit)) for x, y in exact], unit


def _first_centre(numerator: int, divisor: int) -> int:
    """Return the first pixel, from 0, of which the centre is not before ``numerator / divisor`` pixels."""
    return -(-(2 * numerator - divisor) // (2 * divisor))


def _edges(corners: Sequence[Point]) -> list[tuple[Point, Point]]:
    return list(zip(corners, [*corners[1:], corners[0]], strict=True))


def _side(start: Point, end: Point, point: Point) -> int:
    """Return on which side of a line a point is: the sign of twice a triangle's area."""
    area = (end[0] - start[0]) * (point[1] - start[1]) - (end[1] - start[1]) * (point[0] - start[0])
    return (area > 0) - (area < 0)


def _meet(first: tuple[Point, Point], second: tuple[Point, Point]) -> bool:
    """Return whether two segments have a point in common."""
    for axis in (0, 1):
        if max(p[axis] for p in first) < min(p[axis] for p in second) or max(p[axis] for p in second) < min(
            p[axis] for p in first
        ):
            return False
    return all(_side(*one, other[0]) * _side(*one, other[1]) <= 0 for one, other in ((first, second), (second, first)))


def _folds_back(first: tuple[Point, Point], second: tuple[Point, Point]) -> bool:
    """Return whether two segments that share a corner run over one another."""
    corner = first[1] if first[1] in second else first[0]
    one, other = (edge[0] if edge[1] == corner else edge[1] for edge in (first, second))
    towards = sum((one[axis] - corner[axis]) * (other[axis] - corner[axis]) for axis in (0, 1))
    return _side(corner, one, other) == 0 and towards > 0


def _is_list(value: object) -> TypeGuard[Sequence[Any]]:
    return isinstance(value, Sequence | np.ndarray) and not isinstance(value, str | bytes)


def _short(value: object) -> str:
    if value is None:
        return "nothing"
    shown = str(value).lower() if isinstance(value, bool) else repr(value)
    return shown if len(shown) <= 60 else shown[:57] + "..."
