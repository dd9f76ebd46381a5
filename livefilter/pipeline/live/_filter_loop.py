"""The loop of a live pipeline: take the newest frame, filter it, draw on it, hand it to the outputs."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Self

import numpy as np

from livefilter.compiler import Filter, Filtered, to_gray
from livefilter.frame import Frame, Pixels
from livefilter.kernels import EdgeScore
from livefilter.overlays import Compare, Overlay
from livefilter.pipeline._summary import ScoreMean
from livefilter.pipeline.live._input import FrameInput
from livefilter.pipeline.live._outputs import Output
from livefilter.pipeline.live._stats import Stats

_MAX_WAIT_S = 0.2


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """The filter and overlay in force; replaced as a whole, so that no picture mixes two presets."""

    filter: Filter
    overlay: Overlay

    @classmethod
    def of(cls, made: Filter, compare: Compare = "none") -> Self:
        """Return the initial view of a preset."""
        return cls(made, Overlay(made.preset.overlay, made.preset.name, compare))

    def warm_up(self, shape: tuple[int, int]) -> None:
        """Render a blank frame: a thread's first one allocates memory and loads a font, which would cost frames."""
        blank = np.zeros(shape, np.uint8)
        result = self.filter(blank)
        View.of(self.filter).overlay.draw(blank, result.image, result.score, Fraction(0))


@dataclass(frozen=True, slots=True, eq=False)
class _LastShown:
    """The result that displays show: the gray frame, mirrored or not, and what a filter made of it."""

    frame: Frame
    is_mirrored: bool
    filter: Filter
    result: Filtered


class FilterLoop:
    """Filter frames in a thread of its own.

    A frame without a consumer is not filtered. Displays get the last frame again when it is to be drawn differently.

    Args:
        frames: Input that frames are taken from.
        view: Initial filter and overlay.
        stats: Where frames, durations and drops are counted.
        shape: (rows, cols) of the frames.
        clock: Monotonic clock, in seconds, that measures how long filter and overlay take.

    Attributes:
        view: May be replaced at any time, from any thread.
        outputs: Outputs that get the results; may be replaced at any time.
        is_mirrored: Exchange left and right before filtering.
        is_over: The input has no more frames.
        error: Error that ended the thread; None while it runs.
        means: Mean scores so far.
        score: Score of the last filtered frame; None before the first.
    """

    def __init__(
        self,
        frames: FrameInput,
        view: View,
        stats: Stats,
        shape: tuple[int, int],
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self.view = view
        self.outputs: tuple[Output, ...] = ()
        self.is_mirrored = False
        self.is_over = False
        self.error: BaseException | None = None
        self.means = ScoreMean()
        self.score: EdgeScore | None = None
        self._input = frames
        self._stats = stats
        self._shape = shape
        self._clock = clock
        self._last: _LastShown | None = None
        self._must_redraw = False
        self._must_stop = False
        self._thread = threading.Thread(target=self._run, name="livefilter.pipeline.filter", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self) -> None:
        """Stop after the current frame, and wait for the thread to end."""
        self._must_stop = True
        self._input.wake()
        if self._thread.ident is not None:
            self._thread.join()

    def redraw(self) -> None:
        """Draw the last frame again for displays."""
        self._must_redraw = True
        self._input.wake()

    def step(self, longest_s: float = _MAX_WAIT_S) -> None:
        """Wait for a frame and publish its result, or draw the last one again."""
        self._input.wait(longest_s)
        frame = self._input.take()
        if frame is not None:
            self._publish(frame)
        elif self._must_redraw:
            self._republish()
        self.is_over = self._input.is_over

    def _run(self) -> None:
        try:
            self.view.warm_up(self._shape)
            self._input.start()
            while not self._must_stop:
                self.step()
        except BaseException as error:  # Raised again by `LivePipeline.summary`.
            self.error = error

    def _publish(self, frame: Frame) -> None:
        wanting = [output for output in self.outputs if output.has_consumer]
        if not wanting:
            return
        self._must_redraw = False
        view, is_mirrored = self.view, self.is_mirrored
        gray = to_gray(frame.pixels)
        frame = replace(frame, pixels=_mirrored(gray) if is_mirrored else gray)
        started_s = self._clock()
        result = view.filter(frame.pixels)
        filtered_s = self._clock()
        picture = view.overlay.draw(frame.pixels, result.image, result.score, frame.time_s)
        drawn_s = self._clock()
        self._stats.frame_out()
        self._stats.record_stage("filter", filtered_s - started_s)
        self._stats.record_stage("overlay", drawn_s - filtered_s)
        self.means.add(result.score)
        self.score = result.score
        shown = replace(frame, pixels=picture)
        for output in wanting:
            output.put(shown, result.score)
        if any(output.is_display for output in wanting):
            self._last = _LastShown(frame, is_mirrored, view.filter, result)

    def _republish(self) -> None:
        self._must_redraw = False
        last, view, is_mirrored = self._last, self.view, self.is_mirrored
        if last is None:
            return
        if last.filter is not view.filter or last.is_mirrored != is_mirrored:
            pixels = last.frame.pixels if last.is_mirrored == is_mirrored else _mirrored(last.frame.pixels)
            last = _LastShown(replace(last.frame, pixels=pixels), is_mirrored, view.filter, view.filter(pixels))
            self._last = last
        frame, result = last.frame, last.result
        picture = view.overlay.draw(frame.pixels, result.image, result.score, frame.time_s)
        shown = replace(frame, pixels=picture)
        for output in self.outputs:
            if output.is_display:
                output.put(shown, result.score)


def _mirrored(gray: Pixels) -> Pixels:
    return np.ascontiguousarray(gray[:, ::-1])
