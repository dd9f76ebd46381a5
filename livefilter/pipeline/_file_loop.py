"""The loop over a source's frames: a reading, a filtering and a writing thread."""

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
    """Filter and score every frame of a source, and write the results to sinks.

    Args:
        frames: Frames to process, read by a thread of their own.
        facts: Facts about their source.
        renderer: Makes the results.
        caller_sinks: Sinks that are written by the calling thread.
        writer_sinks: Sinks that are written by a thread of their own.
        copies: Stream copies of the sinks; their start and end follow the frames.

    Attributes:
        means: Mean scores and number of frames so far.
        loss: Message about why the run ended before the source did; None if it did not.
        is_interrupted: The run was stopped.
    """

    def __init__(
        self,
        frames: Trimmed,
        facts: SourceFacts,
        renderer: Renderer,
        caller_sinks: Sequence[Sink],
        writer_sinks: Sequence[Sink],
        copies: Sequence[StreamCopyOptions],
    ) -> None:
        self.means = ScoreMean()
        self.loss: str | None = None
        self.is_interrupted = False
        self._frames = frames
        self._facts = facts
        self._renderer = renderer
        self._caller_sinks = caller_sinks
        self._writer_sinks = writer_sinks
        self._copies = copies
        self._last: Frame | None = None

    def __call__(self, progress: Callable[[Progress], object] | None, should_stop: Callable[[], bool]) -> None:
        """Run to the end, or until ``should_stop`` says so.

        Raises:
            SourceError: Nothing could be read at all.
            SinkError: An output cannot be written.
        """
        background = BackgroundWriter(self._write_in_background) if self._writer_sinks else nullcontext()
        try:
            with background as writer:
                self._read(writer, progress, should_stop)
        except BaseException:
            self.is_interrupted = True
            raise
        finally:
            self._set_end()

    def _read(
        self,
        writer: BackgroundWriter[Result] | None,
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
                        self._set_start()
                    result = self._filtered(frame)
                    if writer is not None:
                        writer.put(result)
                    for sink in self._caller_sinks:
                        sink.write(*result)
                    self.means.add(result[1])
                    self._last = frame
                    if progress is not None:
                        progress(Progress(self.means.frames, self._frames.expected))
                # A source that is live or of unknown length may have ended because of should_stop.
                is_open_ended = self._facts.is_live or self._facts.frame_count is None
                self.is_interrupted = is_open_ended and should_stop()
        except SourceError as error:
            if self._last is None:
                raise
            self.loss = f"{self._facts.name}: {error}; the output holds what came before"

    def _filtered(self, frame: Frame) -> Result:
        if frame.pixels.shape[:2] != self._facts.shape:
            shape = frame.pixels.shape[:2]
            raise SourceError(f"the size changed from {self._facts.shape} to {shape} at frame {frame.index}")
        return self._renderer(frame)

    def _write_in_background(self, result: Result) -> None:
        for sink in self._writer_sinks:
            sink.write(*result)

    def _set_start(self) -> None:
        for copy in self._copies:
            copy.start_s = self._frames.start_s

    def _set_end(self) -> None:
        """Let sound and subtitles end where the pictures do, if that is before the end of the source."""
        end_s = self._frames.end_s
        if self._last is not None and (self.is_interrupted or self.loss is not None):
            end_s = self._last.time_s + 1 / self._facts.rate
        for copy in self._copies:
            copy.end_s = end_s
