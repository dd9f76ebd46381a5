"""The loop over a source's frames: a reading, a filtering and a writing thread."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from contextlib import closing, nullcontext
from fractions import Fraction

from livefilter.analysis import Result
from livefilter.errors import SourceError
from livefilter.frame import Frame
from livefilter.pipeline._analysis import AnalyserChain
from livefilter.pipeline._prefetch import LIVE_JOIN_TIMEOUT_S, BackgroundWriter, Prefetcher
from livefilter.pipeline._renderer import Renderer
from livefilter.pipeline._summary import Progress, ScoreMean
from livefilter.sinks import Sink
from livefilter.sources import SourceFacts, Trimmed


class FileLoop:
    """Analyse and render every frame of a source, and write the results to sinks.

    Args:
        frames: Frames to process, read by a thread of their own.
        facts: Facts about their source.
        chain: Analyses the frames.
        renderer: Makes the results.
        caller_sinks: Sinks that are written by the calling thread.
        writer_sinks: Sinks that are written by a thread of their own.

    Attributes:
        means: Mean scores and number of frames so far.
        loss: Message about why the run ended before the source did; None if it did not.
        is_interrupted: The run was stopped.
    """

    def __init__(
        self,
        frames: Trimmed,
        facts: SourceFacts,
        chain: AnalyserChain,
        renderer: Renderer,
        caller_sinks: Sequence[Sink],
        writer_sinks: Sequence[Sink],
    ) -> None:
        self.means = ScoreMean()
        self.loss: str | None = None
        self.is_interrupted = False
        self._frames = frames
        self._facts = facts
        self._chain = chain
        self._renderer = renderer
        self._caller_sinks = caller_sinks
        self._writer_sinks = writer_sinks
        self._last: Frame | None = None

    @property
    def end_s(self) -> Fraction | None:
        """Media time at which the frames end, if that is before the end of the source."""
        if self._last is not None and (self.is_interrupted or self.loss is not None):
            return self._last.time_s + 1 / self._facts.rate
        return self._frames.end_s

    def __call__(self, progress: Callable[[Progress], object] | None, should_stop: Callable[[], bool]) -> None:
        """Run to the end, or until ``should_stop`` says so.

        Raises:
            SourceError: Nothing could be read at all.
            SinkError: An output cannot be written.
        """
        background = BackgroundWriter(self._write_in_background) if self._writer_sinks else nullcontext()
        with background as writer:
            is_empty = True
            try:
                with closing(self._read(should_stop)) as frames:
                    for frame in frames:
                        is_empty = False
                        for analysed in self._chain.push(frame):
                            self._write(self._renderer.render(*analysed), writer, progress)
            except SourceError as error:
                if is_empty:
                    raise
                self.loss = f"{self._facts.name}: {error}; the output holds what came before"
            for analysed in self._chain.finish():
                self._write(self._renderer.render(*analysed), writer, progress)

    def _read(self, should_stop: Callable[[], bool]) -> Generator[Frame]:
        join_timeout_s = LIVE_JOIN_TIMEOUT_S if self._facts.is_live else None
        with Prefetcher(self._frames, join_timeout_s=join_timeout_s) as frames:
            for frame in frames:
                if should_stop():
                    self.is_interrupted = True
                    return
                shape = frame.pixels.shape[:2]
                if shape != self._facts.shape:
                    raise SourceError(f"the size changed from {self._facts.shape} to {shape} at frame {frame.index}")
                yield frame
        # A source that is live or of unknown length may have ended because of should_stop.
        is_open_ended = self._facts.is_live or self._facts.frame_count is None
        self.is_interrupted = is_open_ended and should_stop()

    def _write(
        self,
        result: Result,
        writer: BackgroundWriter[Result] | None,
        progress: Callable[[Progress], object] | None,
    ) -> None:
        if writer is not None:
            writer.put(result)
        for sink in self._caller_sinks:
            sink.write(result)
        self.means.add(result.score, result.analysis.zones)
        self._last = result.frame
        if progress is not None:
            progress(Progress(self.means.frames, self._frames.expected))

    def _write_in_background(self, result: Result) -> None:
        for sink in self._writer_sinks:
            sink.write(result)
