"""People who walk through the corridor: jointed figures, placed in metres, drawn part by part from back to front."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from livefilter.sources.synthetic import direction, swing
from recordings.scenes._draw import BoundingBox, Canvas, Paint, Point, capsule, ellipse
from recordings.scenes._hallway import HALF_WIDTH, Projection, jamb_mask, light_at, project, shown
from recordings.scenes._motion import quantise

_STRIDE = 0.80  # of the body's height: two steps


@dataclass(frozen=True, slots=True)
class Walker:
    """The path of a person.

    Attributes:
        name: The person's name in the truth.
        height: Metres.
        path: (frame, across, along) points, in order of frames; between them the person walks evenly.
        shirt: Reflectance of the upper body; so for the others.
        trousers: Reflectance of the legs.
        skin: Reflectance of face and hands.
        hair: Reflectance of the hair.
        bag: Reflectance of a bag in one hand, or None.
    """

    name: str
    height: float
    path: tuple[tuple[int, float, float], ...]
    shirt: float
    trousers: float
    skin: float
    hair: float
    bag: float | None = None

    def is_present(self, index: int) -> bool:
        """Return whether the path covers the frame; the person may still be out of sight."""
        return self.path[0][0] <= index <= self.path[-1][0]

    def stand(self, index: int) -> tuple[float, float, float, float, float]:
        """Return across, along, the unit heading (across, along) and the metres walked so far."""
        walked = 0.0
        for (first, across_a, along_a), (last, across_b, along_b) in pairwise(self.path):
            run_across, run_along = across_b - across_a, along_b - along_a
            length = math.sqrt(run_across * run_across + run_along * run_along)
            if index <= last:
                part = (index - first) / (last - first)
                return (
                    across_a + run_across * part,
                    along_a + run_along * part,
                    run_across / length,
                    run_along / length,
                    walked + length * part,
                )
            walked += length
        raise ValueError(f"{self.name}: frame {index} lies behind the path's end")


class _Figure:
    """One person in one frame: turns body coordinates into the picture and collects the parts to draw."""

    def __init__(self, walker: Walker, index: int, lamps_on: tuple[bool, ...]) -> None:
        self._walker = walker
        self._across, self._along, self._head_across, self._head_along, walked = walker.stand(index)
        self._light = light_at(self._across, walker.height * 0.6, self._along, lamps_on)
        self.phase = walked / (_STRIDE * walker.height)
        self.is_facing = self._head_along < -0.3
        self._parts: list[tuple[float, Callable[[Canvas], None]]] = []

    def see(self, ahead: float, aside: float, up: float) -> Projection:
        """Project a point given in body heights: ahead, to the body's right, and up."""
        tall = self._walker.height
        return project(
            self._across + tall * (ahead * self._head_across + aside * self._head_along),
            tall * up,
            self._along + tall * (ahead * self._head_along - aside * self._head_across),
        )

    def limb(self, start: Projection, end: Projection, radii: Point, albedo: float, *, nearer: float = 0.0) -> None:
        """Add a stroke between two projected points; radii in body heights."""
        tall = self._walker.height
        widths = (
            quantise(radii[0] * tall * start.px_per_m),
            quantise(radii[1] * tall * end.px_per_m),
        )
        begin, stop = _place(start), _place(end)
        paint = _rounded(begin, stop, max(widths), shown(albedo * self._light))
        depth = (start.depth + end.depth) / 2 - nearer
        if min(start.depth, end.depth) > 0.45:
            self._parts.append((depth, lambda canvas: capsule(canvas, begin, stop, widths, paint)))

    def ball(self, centre: Projection, radii: Point, albedo: float, *, nearer: float = 0.0) -> None:
        """Add an ellipse around a projected point; radii (along rows, along columns) in body heights."""
        scale = self._walker.height * centre.px_per_m
        widths = (max(quantise(radii[0] * scale), 0.5), max(quantise(radii[1] * scale), 0.5))
        place = _place(centre)
        paint = _rounded((place[0] - 1, place[1]), (place[0] + 1, place[1]), widths[1], shown(albedo * self._light))
        if centre.depth > 0.45:
            self._parts.append((centre.depth - nearer, lambda canvas: ellipse(canvas, place, widths, paint)))

    def draw(self, canvas: Canvas) -> None:
        """Draw the parts, the farthest first."""
        for _, part in sorted(self._parts, key=lambda entry: -entry[0]):
            part(canvas)


def draw_walker(
    canvas: Canvas, walker: Walker, index: int, lamps_on: tuple[bool, ...], *, has_shadow: bool = True
) -> None:
    """Draw one person in frame ``index``, in place, hidden by the wall in front of an opening where that is so."""
    across, along = walker.stand(index)[:2]
    behind_wall = abs(across) > HALF_WIDTH - 0.6 and along > 5
    figure = _pose(walker, index, lamps_on)
    drawn = canvas.copy() if behind_wall else canvas
    if has_shadow:
        _shadow(drawn, across, along, walker.height)
    figure.draw(drawn)
    if behind_wall:
        whole = BoundingBox(canvas, 0, 0, canvas.shape[0], canvas.shape[1])
        np.copyto(canvas, drawn, where=jamb_mask(whole.rows, whole.cols, -1 if across < 0 else 1))


def _pose(walker: Walker, index: int, lamps_on: tuple[bool, ...]) -> _Figure:
    figure = _Figure(walker, index, lamps_on)
    bob = 0.012 * swing(figure.phase, 0.5, 0.25)
    hip, shoulder = 0.52 + bob, 0.828 + bob
    for side in (-1, 1):
        _leg(figure, walker, side, hip)
        _arm(figure, walker, side, shoulder)
    chest, waist = figure.see(0.012, 0, shoulder - 0.07), figure.see(0, 0, hip + 0.055)
    figure.limb(waist, chest, (0.080, 0.100), walker.shirt)
    figure.limb(
        figure.see(0, -0.085, shoulder - 0.01), figure.see(0, 0.085, shoulder - 0.01), (0.045, 0.045), walker.shirt
    )
    figure.limb(figure.see(0, -0.035, hip), figure.see(0, 0.035, hip), (0.062, 0.062), walker.trousers, nearer=-0.02)
    figure.limb(
        figure.see(0, 0, shoulder), figure.see(0.015, 0, 0.88 + bob), (0.034, 0.027), walker.skin * 0.7, nearer=0.03
    )
    _head(figure, walker, bob)
    return figure


def _leg(figure: _Figure, walker: Walker, side: int, hip: float) -> None:
    phase = figure.phase + (0.0 if side < 0 else 0.5)
    thigh = direction(0.073 * swing(phase, 1.0))
    # The knee bends while the leg swings forward, a quarter turn before it is foremost.
    bend = 0.02 + 0.135 * max(0.0, swing(phase, 1.0, 0.22))
    shin = direction(0.073 * swing(phase, 1.0) - bend)
    knee = (0.245 * thigh[1], hip - 0.245 * thigh[0])
    ankle = (knee[0] + 0.235 * shin[1], knee[1] - 0.235 * shin[0])
    top = figure.see(0, side * 0.048, hip)
    middle, bottom = figure.see(knee[0], side * 0.048, knee[1]), figure.see(ankle[0], side * 0.05, ankle[1])
    figure.limb(top, middle, (0.056, 0.040), walker.trousers)
    figure.limb(middle, bottom, (0.040, 0.027), walker.trousers * 0.94)
    sole = ankle[1] - 0.018
    heel, toe = figure.see(ankle[0] - 0.02, side * 0.05, sole), figure.see(ankle[0] + 0.085, side * 0.062, sole - 0.006)
    figure.limb(heel, toe, (0.024, 0.020), 0.05)


def _arm(figure: _Figure, walker: Walker, side: int, shoulder: float) -> None:
    carries = walker.bag is not None and side > 0
    reach = 0.025 if carries else 0.075
    upper = direction(-reach * swing(figure.phase + (0.0 if side < 0 else 0.5), 1.0))
    lower = direction(-reach * swing(figure.phase + (0.0 if side < 0 else 0.5), 1.0) + (0.0 if carries else 0.055))
    elbow = (0.165 * upper[1], shoulder - 0.02 - 0.165 * upper[0])
    wrist = (elbow[0] + 0.150 * lower[1], elbow[1] - 0.150 * lower[0])
    top = figure.see(0, side * 0.118, shoulder - 0.02)
    middle, bottom = figure.see(elbow[0], side * 0.138, elbow[1]), figure.see(wrist[0], side * 0.138, wrist[1])
    figure.limb(top, middle, (0.036, 0.029), walker.shirt * 0.92)
    figure.limb(middle, bottom, (0.029, 0.022), walker.shirt * 0.88)
    hand = figure.see(wrist[0] + 0.01, side * 0.138, wrist[1] - 0.03)
    figure.ball(hand, (0.028, 0.022), walker.skin, nearer=0.02)
    if carries and walker.bag is not None:
        low, high = wrist[1] - 0.20, wrist[1] - 0.10
        for up in (low, (low + high) / 2, high):
            front, back = figure.see(wrist[0] + 0.10, side * 0.15, up), figure.see(wrist[0] - 0.10, side * 0.15, up)
            figure.limb(back, front, (0.034, 0.034), walker.bag)


def _head(figure: _Figure, walker: Walker, bob: float) -> None:
    skull = figure.see(0.012, 0, 0.930 + bob)
    if figure.is_facing:
        figure.ball(figure.see(0.0, 0, 0.945 + bob), (0.066, 0.056), walker.hair, nearer=0.00)
        figure.ball(figure.see(0.03, 0, 0.922 + bob), (0.060, 0.047), walker.skin, nearer=0.05)
        for side in (-1, 1):
            figure.ball(figure.see(0.075, side * 0.019, 0.932 + bob), (0.0045, 0.0075), 0.13, nearer=0.12)
        figure.ball(figure.see(0.09, 0, 0.912 + bob), (0.012, 0.006), walker.skin * 0.82, nearer=0.12)
        figure.limb(
            figure.see(0.06, -0.013, 0.890 + bob),
            figure.see(0.06, 0.013, 0.890 + bob),
            (0.0025, 0.0025),
            0.24,
            nearer=0.12,
        )
        figure.ball(figure.see(0.03, 0, 0.974 + bob), (0.024, 0.051), walker.hair, nearer=0.10)
    else:
        figure.ball(skull, (0.066, 0.050), walker.skin * 0.9, nearer=0.0)
        figure.ball(figure.see(-0.012, 0, 0.942 + bob), (0.058, 0.055), walker.hair, nearer=0.06)


def _shadow(canvas: Canvas, across: float, along: float, height: float) -> None:
    """Lay a soft shadow around the feet; the lamps hang above, so it is short."""
    spot = project(across, 0.0, along)
    if spot.depth > 0.45:
        radii = (quantise(0.11 * height * spot.px_per_m), quantise(0.24 * height * spot.px_per_m))
        soft = max(1.5, quantise(0.16 * height * spot.px_per_m))
        ellipse(canvas, _place(spot), radii, 14, soft=soft, opacity=0.5)


def _place(seen: Projection) -> Point:
    return quantise(seen.row), quantise(seen.col)


def _rounded(start: Point, end: Point, radius: float, level: float) -> Paint:
    """Shade a stroke as a round limb, a little lighter on its left."""
    run_down, run_across = end[0] - start[0], end[1] - start[1]
    if run_down < 0:  # so that left stays left, whichever end comes first
        run_down, run_across = -run_down, -run_across
    length = math.sqrt(run_down * run_down + run_across * run_across) + 1e-6

    def paint(rows: Canvas, cols: Canvas) -> Canvas:
        off = (cols - np.float32(start[1])) * np.float32(run_down / length / radius)
        off = off - (rows - np.float32(start[0])) * np.float32(run_across / length / radius)
        off = np.clip(off, -1, 1)
        levels: Canvas = np.float32(level) * (np.float32(1.05) - np.float32(0.13) * off - np.float32(0.24) * off * off)
        return levels

    return paint
