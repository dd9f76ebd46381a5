"""The loop of a live pipeline: take the newest frame, analyse and render it, hand it to the outputs."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping

from livefilter.analysis import EdgeScore, Result
from livefilter.frame import Frame
from livefilter.pipeline._renderer import Renderer
from livefilter.pipeline._summary import ScoreMean
from livefilter.pipeline.live._analysis import LiveAnalysis
from livefilter.pipeline.live._input import FrameInput
from livefilter.pipeline.live._outputs import Output
from livefilter.pipeline.live._stats import Stats

_MAX_WAIT_S = 0.2


class FilterLoop:
    """Filter frames in a thread of its own.

    A frame without a consumer is not filtered. Displays get the last frame again when it is to be drawn differently.

    Args:
        frames: Input that frames are taken from.
        analysis: Analyses every frame that is filtered.
        renderer: Initial renderer.
        stats: Where frames, durations and drops are counted.
        shape: (rows, cols) of the frames.
        clock: Monotonic clock, in seconds, that measures how long each stage takes.

    Attributes:
        renderer: Replaced as a whole, so that no picture mixes two presets: at any time, from any thread.
        outputs: Outputs that get the results; may be replaced at any time.
        is_mirrored: Exchange left and right before filtering.
        is_over: The input has no more frames.
        error: Error that ended the thread; None while it runs.
        means: Mean scores so far.
        score: Score of the last filtered frame; None before the first.
        zones: Scores of its zones, by their names.
    """

    def __init__(
        self,
        frames: FrameInput,
        analysis: LiveAnalysis,
        renderer: Renderer,
        stats: Stats,
        shape: tuple[int, int],
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self.renderer = renderer
        self.outputs: tuple[Output, ...] = ()
        self.is_mirrored = False
        self.is_over = False
        self.error: BaseException | None = None
        self.means = ScoreMean()
        self.score: EdgeScore | None = None
        self.zones: Mapping[str, EdgeScore] = {}
        self._input = frames
        self._analysis = analysis
        self._stats = stats
        self._shape = shape
        self._clock = clock
        self._shown: tuple[Renderer, bool, Result] | None = None
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
        self._analysis.close()

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
            self.renderer.warm_up(self._shape)
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
        renderer, is_mirrored = self.renderer, self.is_mirrored
        started_s = self._clock()
        analysis = self._analysis.of(frame)
        analysed_s = self._clock()
        applied = renderer.apply(frame.mirrored() if is_mirrored else frame, analysis)
        filtered_s = self._clock()
        result = renderer.draw(applied)
        drawn_s = self._clock()
        self._stats.frame_out()
        if self._analysis.is_needed:
            self._stats.record_stage("analysis", analysed_s - started_s)
        self._stats.record_stage("filter", filtered_s - analysed_s)
        self._stats.record_stage("overlay", drawn_s - filtered_s)
        self.means.add(result.score, result.analysis.zones)
        self.score, self.zones = result.score, result.analysis.zones
        for output in wanting:
            output.put(result)
        if any(output.is_display for output in wanting):
            self._shown = renderer, is_mirrored, result

    def _republish(self) -> None:
        self._must_redraw = False
        if self._shown is None:
            return
        before, was_mirrored, result = self._shown
        renderer, is_mirrored = self.renderer, self.is_mirrored
        if renderer is not before or was_mirrored != is_mirrored:
            frame = result.frame if was_mirrored == is_mirrored else result.frame.mirrored()
            result = renderer.apply(frame, result.analysis)
        result = renderer.draw(result)
        self._shown = renderer, is_mirrored, result
        for output in self.outputs:
            if output.is_display:
                output.put(result)
