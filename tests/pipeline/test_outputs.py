"""Outputs of a live pipeline, which hold up neither the loop nor each other."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from livefilter.analysis import Result
from livefilter.errors import SinkError
from livefilter.frame import Frame
from livefilter.kernels import EdgeScore
from livefilter.pipeline.live import DisplaySlot, Output, QueuedOutput, Stats
from livefilter.sinks import Needs
from livefilter.testing import FakeClock, ListSink

SCORE = EdgeScore(0.1, 0.2, 0.3)


def frame(index: int) -> Frame:
    """Return a frame with this index."""
    return Frame(np.zeros((2, 2), np.uint8), index, Fraction(index), 0)


class Gated(ListSink):
    """A sink that accepts a frame when the test opens its gate."""

    def __init__(self, *, fails_at: int | None = None) -> None:
        super().__init__(fails_at=fails_at)
        self.gate = threading.Semaphore(0)
        self.has_begun = threading.Semaphore(0)

    def write(self, result: Result) -> None:
        """Wait for the gate, then store the frame."""
        self.has_begun.release()
        assert self.gate.acquire(timeout=30)
        super().write(result)

    @property
    def indexes(self) -> list[int]:
        """Indexes of the written frames."""
        return [frame.index for frame in self.frames]


def put_in_background(output: Output, count: int) -> threading.Thread:
    """Put frames into an output from another thread."""

    def put() -> None:
        for index in range(count):
            output.put(Result.unfiltered(frame(index), SCORE))

    thread = threading.Thread(target=put)
    thread.start()
    return thread


def has_consumer(output: Output) -> bool:
    """Return whether an output has a consumer: a call, because mypy assumes that an attribute keeps its value."""
    return output.has_consumer


def is_empty(slot: DisplaySlot) -> bool:
    """Return whether a slot is empty: a call, because mypy assumes that an attribute keeps its value."""
    return slot.is_empty


Make = Callable[..., tuple[Gated, QueuedOutput, Stats]]


@pytest.fixture
def make() -> Iterator[Make]:
    """A function that makes a sink, its queue, and what is counted; their threads end with the test."""
    made: list[tuple[Gated, QueuedOutput, Stats]] = []

    def start(fails_at: int | None = None, **options: object) -> tuple[Gated, QueuedOutput, Stats]:
        sink, stats = Gated(fails_at=fails_at), Stats(Fraction(25))
        queued = QueuedOutput("recording", sink, stats, depth=2, **options)  # type: ignore[arg-type]
        made.append((sink, queued, stats))
        return made[-1]

    yield start
    for sink, queued, _ in made:
        sink.gate.release(1000)
        queued.end()


def test_everything_is_written_in_order(make: Make) -> None:
    """As long as the sink keeps up; its durations and latencies are measured."""
    sink, queued, stats = make()
    sink.gate.release(10)
    for index in range(10):
        queued.put(Result.unfiltered(frame(index), SCORE))
        assert sink.has_begun.acquire(timeout=30)
    assert queued.end() is None
    assert sink.indexes == list(range(10))
    assert sink.state == "complete"
    measured = stats.snapshot()
    assert measured.dropped == {}
    assert set(measured.latency) == set(measured.stages) == {"recording"}


def test_a_sink_that_cannot_keep_up_drops_new_frames_and_counts_them(make: Make) -> None:
    """``put`` never waits; the written frames are in order."""
    sink, queued, stats = make()
    queued.put(Result.unfiltered(frame(0), SCORE))
    assert sink.has_begun.acquire(timeout=30)  # In work, so that the queue is empty again.
    for index in range(1, 6):
        queued.put(Result.unfiltered(frame(index), SCORE))
    assert stats.dropped("recording") == 3
    sink.gate.release(3)
    queued.end()
    assert sink.indexes == [0, 1, 2]


def test_a_pipe_without_a_reader_has_no_consumer(make: Make) -> None:
    """Once it has accepted nothing for a second, and until it accepts a frame again.

    A recording wants every frame, and so does a pipe of frames from a file, which can wait.
    """
    clock = FakeClock()
    for drop_oldest, waits in ((True, False), (False, False), (True, True)):
        sink, queued, _ = make(drop_oldest=drop_oldest, blocks_when_full=waits, clock=clock)
        queued.put(Result.unfiltered(frame(0), SCORE))
        assert sink.has_begun.acquire(timeout=30)
        clock.advance(0.9)
        assert has_consumer(queued)
        clock.advance(0.2)
        assert has_consumer(queued) is (waits or not drop_oldest)
        queued.put(Result.unfiltered(frame(1), SCORE))
        sink.gate.release()
        assert sink.has_begun.acquire(timeout=30)
        assert has_consumer(queued)


def test_a_sink_for_the_newest_frames_drops_the_oldest(make: Make) -> None:
    """A virtual camera must not lag."""
    sink, queued, stats = make(drop_oldest=True)
    queued.put(Result.unfiltered(frame(0), SCORE))
    assert sink.has_begun.acquire(timeout=30)
    for index in range(1, 6):
        queued.put(Result.unfiltered(frame(index), SCORE))
    assert stats.dropped("recording") == 3
    sink.gate.release(3)
    queued.end()
    assert sink.indexes == [0, 4, 5]


def test_a_source_that_can_wait_loses_nothing(make: Make) -> None:
    """The loop waits for the sink then."""
    sink, queued, stats = make(blocks_when_full=True)
    putter = put_in_background(queued, 10)
    sink.gate.release(10)
    putter.join(30)
    queued.end()
    assert sink.indexes == list(range(10))
    assert stats.snapshot().dropped == {}


def test_a_sink_that_fails_keeps_its_frames_and_gets_no_more(make: Make) -> None:
    """The error is stored in ``failure``; ``put`` no longer waits for the sink."""
    sink, queued, _ = make(fails_at=1, blocks_when_full=True)
    sink.gate.release(10)
    for index in range(5):
        queued.put(Result.unfiltered(frame(index), SCORE))
    assert queued.end() is None
    assert isinstance(queued.failure, SinkError)
    assert "set to fail at frame 1" in str(queued.failure)
    assert sink.state == "partial"
    assert not queued.has_consumer


def test_what_is_kept_of_a_failed_output_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """If it is there."""
    (tmp_path / "a.partial.mp4").write_bytes(b"video")
    sink = ListSink(fails_at=0)
    sink.target = str(tmp_path / "a.mp4")
    queued = QueuedOutput("recording", sink, Stats(Fraction(25)), depth=2)
    queued.put(Result.unfiltered(frame(0), SCORE))
    queued.end()
    assert str(queued.failure).endswith(f"what came before is kept in {tmp_path / 'a.partial.mp4'}")


def test_a_sink_that_cannot_be_finished_has_failed() -> None:
    """The disk may be full only then."""

    class Unfinished(ListSink):
        """Cannot be finished."""

        def finish(self, *, is_complete: bool = True, end_s: Fraction | None = None) -> str | None:
            """Fail."""
            raise SinkError("full")

    queued = QueuedOutput("recording", Unfinished(), Stats(Fraction(25)), depth=2)
    assert queued.end() is None
    assert str(queued.failure) == "full"


def test_the_end_does_not_wait_for_a_reader_that_sleeps(make: Make) -> None:
    """If a drain timeout is set."""
    sink, queued, _ = make(drain_timeout_s=0.01)
    queued.put(Result.unfiltered(frame(0), SCORE))
    assert sink.has_begun.acquire(timeout=30)
    assert queued.end() is None
    assert sink.state == "open"


def test_an_output_can_be_discarded(make: Make) -> None:
    """Before anything was written."""
    sink, queued, _ = make()
    queued.discard()
    assert sink.state == "discarded"


def test_a_sink_without_a_reader_has_no_consumer() -> None:
    """A virtual camera that no program has opened costs nothing."""
    reads = [False]
    queued = QueuedOutput("camera", ListSink(), Stats(Fraction(25)), depth=2, has_consumer=lambda: reads[0])
    assert not has_consumer(queued)
    reads[0] = True
    assert has_consumer(queued)
    queued.end()
    assert not has_consumer(queued)


def test_no_pictures_wait_for_a_sink_of_scores(make: Make) -> None:
    """Only their numbers, times and scores do; and for one that needs frames, no filtered pictures."""
    for needs, shapes in (
        (Needs.ALL, [(2, 2)] * 3),
        (Needs.FRAME, [(2, 2), (1, 1), (1, 1)]),
        (Needs.PICTURE, [(1, 1), (1, 1), (2, 2)]),
        (Needs.ANALYSIS, [(1, 1)] * 3),
    ):
        sink, queued, _ = make()
        sink.needs = needs
        sink.gate.release()
        queued.put(Result.unfiltered(frame(7), SCORE))
        queued.end()
        (result,) = sink.results
        assert [one.shape for one in (result.frame.pixels, result.filtered, result.picture)] == shapes
        assert (sink.indexes, sink.scores) == ([7], [SCORE])


def test_a_display_shows_the_newest_and_counts_the_others() -> None:
    """The same frame, drawn again, is none of them."""
    stats = Stats(Fraction(25))
    slot = DisplaySlot(stats)
    assert slot.take(0) is None
    for index in (0, 1, 1, 2):
        slot.put(Result.unfiltered(frame(index), SCORE))
    assert not is_empty(slot)
    taken = slot.take(0)
    assert taken is not None
    assert taken.frame.index == 2
    assert is_empty(slot)
    assert stats.snapshot().dropped == {"window": 2}


def test_a_display_that_a_file_waits_for_misses_nothing() -> None:
    """Until the end, which unblocks the waiting thread."""
    slot = DisplaySlot(Stats(Fraction(25)), blocks_when_full=True)
    putter = put_in_background(slot, 5)
    seen = [taken.frame.index for _ in range(3) if (taken := slot.take(30)) is not None]
    assert seen == [0, 1, 2]
    slot.end()
    putter.join(30)
    assert not putter.is_alive()
