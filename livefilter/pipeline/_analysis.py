"""Analysers in a row, and the first pass over a file for those that look far ahead."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence

from livefilter.analysers import Analyser, ZoneAnalyser
from livefilter.analysis import NO_ANALYSIS, Analysis
from livefilter.errors import OptionError
from livefilter.frame import Frame
from livefilter.presets import Preset
from livefilter.sources import SourceFacts

_MAX_HELD_BYTES = 512 << 20
"""Largest memory for frames that analysers hold back."""
Analysed = tuple[Frame, Analysis]


def zone_analysers(preset: Preset, threads: int | None) -> list[ZoneAnalyser]:
    """Return what scores the zones of a preset: nothing if it has none."""
    return [ZoneAnalyser(preset.zones, preset.score.rule, threads=threads)] if preset.zones else []


class AnalyserChain:
    """Passes frames through analysers, one after the other.

    Args:
        analysers: In their order; each sees what those before it know.

    Attributes:
        lookahead_s: How much later than a frame its analysis is certain, in seconds.
    """

    def __init__(self, analysers: Sequence[Analyser] = ()) -> None:
        self.lookahead_s = sum(analyser.lookahead_s for analyser in analysers)
        self._analysers = tuple(analysers)
        self._held_bytes = 0

    def fits_into_memory(self, facts: SourceFacts) -> bool:
        """Return whether the frames that are held back fit into 512 MB."""
        frames = self.lookahead_s * float(facts.rate)
        return frames * math.prod(facts.shape) * 3 <= _MAX_HELD_BYTES  # In colour, at most.

    def push(self, frame: Frame) -> Iterator[Analysed]:
        """Take the next frame, and yield the frames whose analyses are complete now.

        Raises:
            OptionError: The analysers hold back more frames than fit into memory.
        """
        if frame.is_discontinuity:
            yield from self.finish()
            self.reset()
        self._held_bytes += _size(frame)
        yield from self._released(self._pass_on([(frame, NO_ANALYSIS)], 0))
        if self._held_bytes > _MAX_HELD_BYTES:
            raise OptionError(
                f"frames: an analyser looks ahead by more than fits into {_MAX_HELD_BYTES >> 20} MB, and this input "
                "cannot be read twice; store it in a file first"
            )

    def finish(self) -> Iterator[Analysed]:
        """Yield the frames that are held back, at the end of the stream."""
        for place, analyser in enumerate(self._analysers, start=1):
            yield from self._released(self._pass_on(analyser.finish(), place))

    def reset(self) -> None:
        """Let the analysers forget the frames so far."""
        for analyser in self._analysers:
            analyser.reset()

    def _pass_on(self, frames: Iterable[Analysed], place: int) -> Iterator[Analysed]:
        """Pass frames through the analysers from a place on."""
        if place == len(self._analysers):
            yield from frames
            return
        for frame, analysis in frames:
            yield from self._pass_on(self._analysers[place].push(frame, analysis), place + 1)

    def _released(self, frames: Iterator[Analysed]) -> Iterator[Analysed]:
        for frame, analysis in frames:
            self._held_bytes -= _size(frame)
            yield frame, analysis


class StoredAnalyses(Analyser):
    """The analyses of a first pass, for the frames of a second one over the same file.

    Args:
        frames: Frames of the first pass.
        chain: Analysers.
        on_frame: Called with the number of frames so far, after each one.
        should_stop: Asked before every frame; True ends the pass.
    """

    def __init__(
        self,
        frames: Iterable[Frame],
        chain: AnalyserChain,
        on_frame: Callable[[int], object],
        should_stop: Callable[[], bool],
    ) -> None:
        self._analyses: dict[int, Analysis] = {}
        for count, frame in enumerate(frames, start=1):
            if should_stop():
                return
            self._store(chain.push(frame))
            on_frame(count)
        self._store(chain.finish())

    def push(self, frame: Frame, so_far: Analysis) -> Iterable[Analysed]:
        """Return the frame with its stored analysis; an empty one for a frame that the first pass did not reach."""
        return [(frame, self._analyses.pop(frame.index, so_far))]

    def _store(self, analysed: Iterable[Analysed]) -> None:
        self._analyses.update((frame.index, analysis) for frame, analysis in analysed)


def _size(frame: Frame) -> int:
    return frame.pixels.nbytes + (0 if frame.gray is frame.pixels else frame.gray.nbytes)
