"""The loop of a live pipeline: the newest frame, filtered, drawn on, and handed to whoever wants it."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Self

import numpy as np

from livefilter.compiler import Filter, Filtered, to_gray
from livefilter.frame import Frame, Pixels
from livefilter.kernels import EdgeScore
from livefilter.overlays import Compare, Overlay
from livefilter.pipeline._summary import ScoreMean
from livefilter.pipeline.live._input import Feed
from livefilter.pipeline.live._outputs import Outlet
from livefilter.pipeline.live._stats import Stats

_LONGEST_WAIT_S = 0.2


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """What makes a picture of a frame; replaced as a whole, so that a picture is never half of one preset."""

    filter: Filter
    overlay: Overlay

    @classmethod
    def of(cls, made: Filter, compare: Compare = "none") -> Self:
        """Return the look of a preset as it is drawn at first."""
        return cls(made, Overlay(made.preset.overlay, made.preset.name, compare))

    def warm_up(self, shape: tuple[int, int]) -> None:
        """Make a picture of nothing: a thread's first one takes memory and loads a font, which would cost frames."""
        blank = np.zeros(shape, np.uint8)
        result = self.filter(blank)
        Look.of(self.filter).overlay.draw(blank, result.image, result.score, Fraction(0))


@dataclass(frozen=True, slots=True, eq=False)
class _Shown:
    """A result that a screen has: the gray frame, mirrored or not, and what a filter made of it."""

    frame: Frame
    is_mirrored: bool
    filter: Filter
    result: Filtered


class Loop:
    """Takes frames from a feed in a thread of its own.

    A frame that nobody wants is not filtered. No frame is handed out twice, except to screens, when it is drawn
    otherwise.

    Args:
        feed: Where frames come from.
        look: What makes pictures of them, at first.
        stats: Where frames, durations and drops are counted.
        shape: (rows, cols) of the frames.

    Attributes:
        look: May be replaced at any time, from any thread.
        outlets: Who is given the results; may be replaced at any time.
        is_mirrored: Left and right are exchanged, before the filter.
        is_over: The feed has nothing more to give.
        error: What ended the thread; None if all is well.
        means: Of the scores so far.
        score: Of the newest frame that was filtered; None before the first.
    """

    def __init__(self, feed: Feed, look: Look, stats: Stats, shape: tuple[int, int]) -> None:
        self.look = look
        self.outlets: tuple[Outlet, ...] = ()
        self.is_mirrored = False
        self.is_over = False
        self.error: BaseException | None = None
        self.means = ScoreMean()
        self.score: EdgeScore | None = None
        self._feed = feed
        self._stats = stats
        self._shape = shape
        self._last: _Shown | None = None
        self._must_redraw = False
        self._must_stop = False
        self._thread = threading.Thread(target=self._run, name="livefilter loop", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End, after the frame in work."""
        self._must_stop = True
        self._feed.wake()
        if self._thread.ident is not None:
            self._thread.join()

    def redraw(self) -> None:
        """Give screens the newest frame again, as it is to be drawn now."""
        self._must_redraw = True
        self._feed.wake()

    def turn(self, longest_s: float = _LONGEST_WAIT_S) -> None:
        """Wait for a frame and hand its result out; or draw the last one anew."""
        self._feed.wait(longest_s)
        frame = self._feed.take()
        if frame is not None:
            self._hand_out(frame)
        elif self._must_redraw:
            self._hand_out_again()
        self.is_over = self._feed.is_over

    def _run(self) -> None:
        try:
            self.look.warm_up(self._shape)
            self._feed.start()
            while not self._must_stop:
                self.turn()
        except BaseException as error:  # Raised again by whoever ends the pipeline.
            self.error = error

    def _hand_out(self, frame: Frame) -> None:
        wanting = [outlet for outlet in self.outlets if outlet.is_wanted]
        if not wanting:
            return
        self._must_redraw = False
        look, is_mirrored = self.look, self.is_mirrored
        gray = to_gray(frame.pixels)
        frame = replace(frame, pixels=_mirrored(gray) if is_mirrored else gray)
        started_s = time.perf_counter()
        result = look.filter(frame.pixels)
        filtered_s = time.perf_counter()
        picture = look.overlay.draw(frame.pixels, result.image, result.score, frame.time_s)
        drawn_s = time.perf_counter()
        self._stats.filtered()
        self._stats.took("filter", filtered_s - started_s)
        self._stats.took("overlay", drawn_s - filtered_s)
        self.means.add(result.score)
        self.score = result.score
        shown = replace(frame, pixels=picture)
        for outlet in wanting:
            outlet.offer(shown, result.score)
        if any(outlet.is_screen for outlet in wanting):
            self._last = _Shown(frame, is_mirrored, look.filter, result)

    def _hand_out_again(self) -> None:
        self._must_redraw = False
        last, look, is_mirrored = self._last, self.look, self.is_mirrored
        if last is None:
            return
        if last.filter is not look.filter or last.is_mirrored != is_mirrored:
            pixels = last.frame.pixels if last.is_mirrored == is_mirrored else _mirrored(last.frame.pixels)
            last = _Shown(replace(last.frame, pixels=pixels), is_mirrored, look.filter, look.filter(pixels))
            self._last = last
        frame, result = last.frame, last.result
        picture = look.overlay.draw(frame.pixels, result.image, result.score, frame.time_s)
        shown = replace(frame, pixels=picture)
        for outlet in self.outlets:
            if outlet.is_screen:
                outlet.offer(shown, result.score)


def _mirrored(gray: Pixels) -> Pixels:
    return np.ascontiguousarray(gray[:, ::-1])
