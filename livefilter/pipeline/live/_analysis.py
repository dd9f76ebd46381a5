"""Analysers of a live pipeline: quick ones see every frame, slow ones the newest frame in a thread of their own."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from dataclasses import replace

from livefilter.analysers import Analyser, ZoneAnalyser
from livefilter.analysis import NO_ANALYSIS, Analysis, Event
from livefilter.errors import OptionError
from livefilter.frame import Frame
from livefilter.pipeline._analysis import AnalyserChain

_JOIN_TIMEOUT_S = 2.0
"""How long to wait for a slow analyser at the end; its thread does not keep the process alive."""


class LiveAnalysis:
    """What is known of the frames of a live stream, without ever making one wait for a slow analyser.

    Slow analysers see the newest frame whenever they are done with the one before; detections and mask of their last
    answer hold until the next, and its events come once.

    Args:
        analysers: In their order.

    Raises:
        OptionError: An analyser looks ahead, which a live stream does not allow.
    """

    def __init__(self, analysers: Sequence[Analyser] = ()) -> None:
        if any(analyser.lookahead_s > 0 for analyser in analysers):
            raise OptionError("analysers: one of them looks ahead, which only stored videos allow")
        self._quick_analysers = [analyser for analyser in analysers if not analyser.is_slow]
        self._quick = AnalyserChain(self._quick_analysers)
        slow = [analyser for analyser in analysers if analyser.is_slow]
        self._slow = _NewestFrameAnalysis(AnalyserChain(slow)) if slow else None
        self.is_needed = bool(analysers)

    def set_zones(self, zones: ZoneAnalyser | None) -> None:
        """Score these zones from the next frame on, before the other analysers; from any thread."""
        self._quick = AnalyserChain([*([] if zones is None else [zones]), *self._quick_analysers])
        self.is_needed = zones is not None or bool(self._quick_analysers) or self._slow is not None

    def of(self, frame: Frame) -> Analysis:
        """Return what is known of a frame.

        Raises:
            BaseException: What an analyser raised.
        """
        if not self.is_needed:
            return NO_ANALYSIS
        analysis = _analysed(self._quick.push(frame))
        return analysis if self._slow is None else self._slow.extend(frame, analysis)

    def close(self) -> None:
        """End the thread of the slow analysers after its current frame."""
        if self._slow is not None:
            self._slow.close()


class _NewestFrameAnalysis:
    """A thread that analyses the newest frame, again and again."""

    def __init__(self, chain: AnalyserChain) -> None:
        self._chain = chain
        self._frame: Frame | None = None
        self._answer = NO_ANALYSIS
        self._events: tuple[Event, ...] = ()
        self._error: BaseException | None = None
        self._is_closed = False
        self._must_reset = False
        self._changed = threading.Condition()  # Over the six above.
        self._thread = threading.Thread(target=self._run, name="livefilter.pipeline.analysis", daemon=True)
        self._thread.start()

    def extend(self, frame: Frame, analysis: Analysis) -> Analysis:
        """Hand over a frame, and return its analysis with what the last answer adds."""
        with self._changed:
            if self._error is not None:
                raise self._error
            if frame.is_discontinuity:  # Remembered, as this frame may be replaced before it is analysed.
                self._must_reset, self._answer = True, NO_ANALYSIS
            self._frame, answer = frame, self._answer
            events, self._events = self._events, ()
            self._changed.notify_all()
        return replace(
            analysis,
            detections=(*analysis.detections, *answer.detections),
            events=(*analysis.events, *events),
            mask=analysis.mask if answer.mask is None else answer.mask,
        )

    def close(self) -> None:
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()
        self._thread.join(_JOIN_TIMEOUT_S)

    def _run(self) -> None:
        try:
            while (frame := self._next()) is not None:
                answer = _analysed(self._chain.push(frame))
                with self._changed:
                    self._events += answer.events
                    if not self._must_reset:
                        self._answer = answer
        except BaseException as error:  # Raised again in the loop's thread.
            with self._changed:
                self._error = error

    def _next(self) -> Frame | None:
        with self._changed:
            self._changed.wait_for(lambda: self._frame is not None or self._is_closed)
            frame, self._frame = self._frame, None
            if frame is not None and self._must_reset:
                frame, self._must_reset = replace(frame, is_discontinuity=True), False
            return None if self._is_closed else frame


def _analysed(released: Iterable[tuple[Frame, Analysis]]) -> Analysis:
    """Return the analysis of the frame that was just pushed."""
    answers = [analysis for _, analysis in released]
    if len(answers) != 1:
        raise ValueError(f"an analyser without lookahead must answer each frame at once, found {len(answers)} answers")
    return answers[0]
