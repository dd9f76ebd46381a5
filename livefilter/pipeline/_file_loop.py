"""One run over the frames of a source: read ahead, filtered, and written behind, in three threads."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import nullcontext

from livefilter.errors import SourceError
from livefilter.frame import Frame
from livefilter.pipeline._prefetch import LIVE_JOIN_TIMEOUT_S, BackgroundWriter, Prefetcher
from livefilter.pipeline._render import Renderer, Result
from livefilter.pipeline._summary import Progress, ScoreMean
from livefilter.sinks import Sink, StreamCopyOptions
from livefilter.sources import SourceFacts, Trimmed


class FileLoop:
    """Filters and scores frames, and hands the results to sinks.

    Args:
        frames: What is read, by a thread of its own.
        facts: What is known of their source.
        work: Filters, scores and draws.
        caller_sinks: Sinks that are written by the calling thread.
        writer_sinks: Sinks that are written by a thread of their own.
        alongs: What is copied along by sinks; it is told where the frames begin and end.

    Attributes:
        means: Of the scores so far, and how many frames there were.
        loss: What ended the run before the end of the source, in words.
        is_interrupted: The run was stopped.
    """

    def __init__(
        self,
        frames: Trimmed,
        facts: SourceFacts,
        work: Renderer,
        caller_sinks: Sequence[Sink],
        writer_sinks: Sequence[Sink],
        alongs: Sequence[StreamCopyOptions],
    ) -> None:
        self.means = ScoreMean()
        self.loss: str | None = None
        self.is_interrupted = False
        self._frames = frames
        self._facts = facts
        self._work = work
        self._caller_sinks = caller_sinks
        self._writer_sinks = writer_sinks
        self._alongs = alongs
        self._last: Frame | None = None

    def __call__(self, progress: Callable[[Progress], object] | None, should_stop: Callable[[], bool]) -> None:
        """Run to the end, or until ``should_stop`` says so.

        Raises:
            SourceError: Nothing could be read at all.
            SinkError: An output cannot be written.
        """
        writer = BackgroundWriter(self._write_behind) if self._writer_sinks else nullcontext()
        try:
            with writer as behind:
                self._read(behind, progress, should_stop)
        except BaseException:
            self.is_interrupted = True
            raise
        finally:
            self._tell_end()

    def _read(
        self,
        behind: BackgroundWriter[Result] | None,
        progress: Callable[[Progress], object] | None,
        should_stop: Callable[[], bool],
    ) -> None:
        try:
            with Prefetcher(
                self._frames, join_timeout_s=LIVE_JOIN_TIMEOUT_S if self._facts.is_live else None
            ) as frames:
                for frame in frames:
                    if should_stop():
                        self.is_interrupted = True
                        return
                    if self._last is None:
                        self._tell_begin()
                    result = self._filtered(frame)
                    if behind is not None:
                        behind.put(result)
                    for sink in self._caller_sinks:
                        sink.write(*result)
                    self.means.add(result[1])
                    self._last = frame
                    if progress is not None:
                        progress(Progress(self.means.frames, self._frames.expected))
                # What waits for its frames, or has no end of its own, ends when it is told to.
                waits = self._facts.is_live or self._facts.frame_count is None
                self.is_interrupted = waits and should_stop()
        except SourceError as error:
            if self._last is None:
                raise
            self.loss = f"{self._facts.name}: {error}; the output holds what came before"

    def _filtered(self, frame: Frame) -> Result:
        if frame.pixels.shape[:2] != self._facts.shape:
            shape = frame.pixels.shape[:2]
            raise SourceError(f"the size changed from {self._facts.shape} to {shape} at frame {frame.index}")
        return self._work(frame)

    def _write_behind(self, result: Result) -> None:
        for sink in self._writer_sinks:
            sink.write(*result)

    def _tell_begin(self) -> None:
        for along in self._alongs:
            along.start_s = self._frames.start_s

    def _tell_end(self) -> None:
        """Let sound and subtitles end where the pictures do, if that is before the end of the source."""
        end_s = self._frames.end_s
        if self._last is not None and (self.is_interrupted or self.loss is not None):
            end_s = self._last.time_s + 1 / self._facts.rate
        for along in self._alongs:
            along.end_s = end_s
