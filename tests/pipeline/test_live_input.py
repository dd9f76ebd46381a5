"""Inputs of a live pipeline: every frame when it is due, or only the newest."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from fractions import Fraction
from typing import ClassVar

import numpy as np
import pytest

from livefilter.errors import SourceError
from livefilter.frame import Frame
from livefilter.pipeline.live import FrameInput, LatestFrameInput, PacedInput, Stats, open_input
from livefilter.sources import Health, PolledSource
from livefilter.testing import ArraySource, FakeClock

ARRAYS = [np.full((2, 2), level, np.uint8) for level in range(4)]


def index(frame: Frame | None) -> int | None:
    """Return the frame's index; None for no frame."""
    return None if frame is None else frame.index


def paced(source: ArraySource, clock: FakeClock) -> PacedInput:
    """Return an input that delivers frames when they are due."""
    return PacedInput(source, Stats(source.facts.rate), clock)


def is_over(taken: FrameInput) -> bool:
    """Return whether an input is over: a call, because mypy assumes that an attribute keeps its value."""
    return taken.is_over


def test_a_frame_comes_no_sooner_than_its_time() -> None:
    """By the media's own times, uneven ones too, counted from the first frame."""
    clock = FakeClock(1000.0)
    times_s = [Fraction(7), Fraction(8), Fraction(17, 2), Fraction(12)]
    frames = paced(ArraySource(ARRAYS, times_s=times_s), clock)
    assert index(frames.take()) == 0
    assert frames.take() is None
    assert frames.due_in_s == pytest.approx(1)
    clock.advance(0.75)
    assert frames.take() is None
    clock.advance(0.25)
    assert index(frames.take()) == 1
    clock.advance(0.5)
    assert index(frames.take()) == 2
    assert frames.due_in_s == pytest.approx(3.5)


def test_the_first_time_is_when_the_first_frame_is_asked_for() -> None:
    """A window that opens slowly does not cost frames."""
    clock = FakeClock()
    frames = paced(ArraySource(ARRAYS, rate=Fraction(1)), clock)
    clock.advance(50)
    assert index(frames.take()) == 0
    assert frames.due_in_s == pytest.approx(1)


def test_a_loop_that_is_late_gets_every_frame_all_the_same() -> None:
    """A file keeps every frame: none is dropped to catch up."""
    clock = FakeClock()
    stats = Stats(Fraction(10))
    frames = PacedInput(ArraySource(ARRAYS, rate=Fraction(10)), stats, clock)
    assert index(frames.take()) == 0
    clock.advance(60)
    assert [index(frames.take()) for _ in range(3)] == [1, 2, 3]
    assert (stats.snapshot().frames_in, stats.snapshot().dropped) == (4, {})


def test_the_last_frame_has_its_time_too() -> None:
    """The end is one period after it, not at once."""
    clock = FakeClock()
    frames = paced(ArraySource(ARRAYS[:1], rate=Fraction(2)), clock)
    assert not is_over(frames)
    assert index(frames.take()) == 0
    assert not is_over(frames)
    assert frames.due_in_s == pytest.approx(0.5)
    assert frames.take() is None
    clock.advance(0.5)
    assert is_over(frames)
    assert frames.take() is None


def test_a_pause_stops_the_medias_time() -> None:
    """Nothing comes meanwhile; then it goes on from where it was, and a pause at the end is not the end."""
    clock = FakeClock()
    frames = paced(ArraySource(ARRAYS[:2], rate=Fraction(1)), clock)
    frames.take()
    clock.advance(0.5)
    frames.pause(True)
    clock.advance(100)
    assert frames.take() is None
    frames.pause(False)
    assert frames.take() is None
    assert frames.due_in_s == pytest.approx(0.5)
    clock.advance(0.5)
    assert index(frames.take()) == 1
    frames.pause(True)
    clock.advance(100)
    assert not is_over(frames)
    frames.pause(False)
    clock.advance(1)
    assert is_over(frames)


def test_a_pause_before_the_first_frame_does_no_harm() -> None:
    """Nor does going on without having paused."""
    clock = FakeClock()
    frames = paced(ArraySource(ARRAYS), clock)
    frames.pause(False)
    frames.pause(True)
    assert frames.take() is None
    frames.pause(False)
    assert index(frames.take()) == 0


def test_the_frames_before_a_fault_all_come() -> None:
    """The source's error is raised after the last good frame, not in its place, and the input is not over before."""
    clock = FakeClock()
    frames = paced(ArraySource(ARRAYS, rate=Fraction(1), fails_after=2), clock)
    assert index(frames.take()) == 0
    clock.advance(1)
    assert index(frames.take()) == 1
    clock.advance(1)
    assert not is_over(frames)
    with pytest.raises(SourceError, match="after 2 frames"):
        frames.take()


def test_a_source_that_breaks_at_once_raises_at_the_first_frame() -> None:
    """Not when the input is created."""
    frames = paced(ArraySource(ARRAYS, fails_after=0), FakeClock())
    with pytest.raises(SourceError):
        frames.take()


class Stepped(ArraySource):
    """A live source that gives a frame, and then waits until the test lets it continue."""

    def __init__(self, *, fails_after: int | None = None) -> None:
        super().__init__(ARRAYS, is_live=True, fails_after=fails_after)
        self.reader = threading.current_thread()
        self.may_give = threading.Semaphore(0)
        self.wants_more = threading.Semaphore(0)

    def __iter__(self) -> Iterator[Frame]:
        frames = super().__iter__()
        self.reader = threading.current_thread()
        while True:
            self.wants_more.release()  # What was given before has been put down.
            assert self.may_give.acquire(timeout=30)
            try:
                frame = next(frames)
            except StopIteration:
                return
            yield frame

    def give(self, count: int = 1) -> None:
        """Let so many frames through, and return when the last of them was put down."""
        for _ in range(count):
            self.may_give.release()
            assert self.wants_more.acquire(timeout=30)

    def end(self) -> None:
        """Let the source run out, and return when the reading thread has ended."""
        self.may_give.release(len(ARRAYS) + 1)
        self.reader.join(30)
        assert not self.reader.is_alive()


def stepped(*, fails_after: int | None = None) -> tuple[Stepped, LatestFrameInput, Stats]:
    """A source, an input whose thread waits for the first frame, and its statistics."""
    source, stats = Stepped(fails_after=fails_after), Stats(Fraction(25))
    frames = LatestFrameInput(source, stats)
    frames.start()
    assert source.wants_more.acquire(timeout=30)
    return source, frames, stats


def test_only_the_newest_frame_is_taken_and_the_others_are_counted() -> None:
    """Three came, one was taken: two were dropped; and it is not taken twice."""
    source, frames, stats = stepped()
    assert frames.take() is None
    source.give(3)
    assert index(frames.take()) == 2
    assert frames.take() is None
    assert stats.dropped("filter") == 2
    source.give(1)
    assert index(frames.take()) == 3
    assert stats.dropped("filter") == 2
    assert stats.snapshot().frames_in == 4
    assert not is_over(frames)
    source.end()
    assert is_over(frames)
    frames.stop()


def test_nothing_is_read_before_the_start() -> None:
    """A filter that compiles and a window that opens cost no frames; an input that never started can be stopped."""
    before = set(threading.enumerate())
    source, stats = ArraySource(ARRAYS, is_live=True), Stats(Fraction(25))
    frames = LatestFrameInput(source, stats)
    assert set(threading.enumerate()) <= before
    assert frames.take() is None
    frames.stop()
    assert stats.snapshot().frames_in == 0


def test_it_begins_with_the_newest() -> None:
    """What waited before the start is left out before the first frame is read."""

    class Late(ArraySource):
        """Records its calls."""

        asked: ClassVar[list[str]] = []

        def drop_backlog(self) -> None:
            self.asked.append("skip")

        def __iter__(self) -> Iterator[Frame]:
            self.asked.append("frames")
            return super().__iter__()

    frames = LatestFrameInput(Late(ARRAYS, is_live=True), Stats(Fraction(25)))
    frames.start()
    frames.wait(30)
    frames.stop()
    assert Late.asked == ["skip", "frames"]


def test_the_last_frame_is_taken_before_it_is_over() -> None:
    """A source that ended still has a frame that was not taken."""
    source, frames, _ = stepped()
    source.give(4)
    source.end()
    assert not is_over(frames)
    assert index(frames.take()) == 3
    assert is_over(frames)


def test_what_broke_the_reading_thread_is_raised_in_the_caller() -> None:
    """After the last frame, and it is not over before."""
    source, frames, _ = stepped(fails_after=2)
    source.give(2)
    source.end()
    assert index(frames.take()) == 1
    assert not is_over(frames)
    with pytest.raises(SourceError, match="after 2 frames"):
        frames.take()


def test_a_live_source_is_not_paused() -> None:
    """Its frames keep coming; the loop may ignore them."""
    source, frames, _ = stepped()
    frames.pause(True)
    source.give(2)
    assert index(frames.take()) == 1
    source.end()


@pytest.mark.parametrize("way", ["a frame", "an error", "an end", "a call"])
def test_waiting_ends_when_there_is_something(way: str) -> None:
    """Long before its time is up; the thread that waits needs no polling."""
    source, frames, _ = stepped(fails_after=0 if way == "an error" else None)
    waiter = threading.Thread(target=frames.wait, args=(1000,))
    waiter.start()
    if way == "a frame":
        source.give(1)
    elif way == "a call":
        frames.wake()
    else:
        source.end()
    waiter.join(timeout=30)
    assert not waiter.is_alive()
    source.may_give.release(len(ARRAYS) + 1)


def test_waiting_for_a_file_ends_when_a_frame_is_due_or_wake_is_called() -> None:
    """On the real clock: a twentieth of a second, not a thousand."""
    frames = PacedInput(ArraySource(ARRAYS, rate=Fraction(20)), Stats(Fraction(20)))
    assert index(frames.take()) == 0
    frames.wait(1000)
    assert index(frames.take()) == 1
    slow = PacedInput(ArraySource(ARRAYS, rate=Fraction(1, 1000)), Stats(Fraction(1, 1000)))
    assert index(slow.take()) == 0
    slow.wake()
    slow.wait(1000)
    assert slow.take() is None
    slow.pause(True)
    slow.wait(1000)  # A change of pause ends it too.


def test_a_frame_of_a_file_counts_as_captured_when_it_is_taken() -> None:
    """It has waited in the file for years."""
    before_ns = time.monotonic_ns()
    frame = paced(ArraySource(ARRAYS), FakeClock()).take()
    assert frame is not None
    assert before_ns <= frame.captured_ns <= time.monotonic_ns()


def test_stopping_an_input_ends_its_thread() -> None:
    """As soon as the source gives a frame, also if there would be more."""
    source, frames, _ = stepped()
    source.may_give.release()
    frames.stop()
    assert not source.reader.is_alive()
    assert index(frames.take()) == 0


def test_the_input_fits_the_source() -> None:
    """The newest frames of a live source, all frames of any other."""
    assert isinstance(open_input(ArraySource(ARRAYS), Stats(Fraction(25))), PacedInput)
    assert isinstance(open_input(ArraySource(ARRAYS, is_live=True), Stats(Fraction(25))), LatestFrameInput)


def test_stopping_the_input_of_a_lost_camera_closes_it() -> None:
    """It waits for a frame that may never come; closing it ends the wait, and its thread."""

    class Lost(ArraySource):
        """Waits until it is closed."""

        health = Health("reconnecting")
        closed = threading.Event()
        reader = threading.current_thread()

        def __iter__(self) -> Iterator[Frame]:
            self.reader = threading.current_thread()
            yield Frame(ARRAYS[0], 0, Fraction(0), 0)
            assert self.closed.wait(20)

        def close(self) -> None:
            super().close()
            self.closed.set()

    source = Lost(ARRAYS, is_live=True)
    frames = LatestFrameInput(source, Stats(source.facts.rate))
    frames.start()
    frames.wait(20)
    frames.stop()
    assert source.is_closed
    assert not source.reader.is_alive()


class Polled(PolledSource):
    """A source that reads by itself: what has arrived is polled, until it ends or fails.

    Attributes:
        arrived: Frames that can be polled.
        error: Raised once they are.
        polled_s: How long each poll would have waited.
        is_woken: Whether the wait was ended.
    """

    def __init__(self) -> None:
        self.facts = ArraySource(ARRAYS, is_live=True).facts
        self.loss = None
        self.health = Health()
        self.is_over = False
        self.arrived: list[Frame] = []
        self.error: Exception | None = None
        self.polled_s: list[float] = []
        self.is_woken = False

    def __iter__(self) -> Iterator[Frame]:
        raise AssertionError("the input polls")

    def drop_backlog(self) -> None:
        """Keep the newest, and count what the source dropped before."""
        del self.arrived[:-1]
        self.health = Health(counts={"dropped": 100})

    def poll(self, timeout_s: float) -> Frame | None:
        """Give the oldest that has arrived."""
        self.polled_s.append(timeout_s)
        if self.arrived:
            return self.arrived.pop(0)
        if self.error is not None:
            raise self.error
        return None

    def wake(self) -> None:
        """Note it."""
        self.is_woken = True

    def close(self) -> None:
        """Do nothing."""


def polled(*arrived: int) -> tuple[Polled, FrameInput, Stats]:
    """A source with frames, its input, and what is counted."""
    source, stats = Polled(), Stats(Fraction(25))
    source.arrived = [Frame(ARRAYS[0], number, Fraction(number), 0) for number in arrived]
    return source, open_input(source, stats), stats


def counts(stats: Stats) -> tuple[int, dict[str, int]]:
    """Frames from the source, and those dropped."""
    return stats.snapshot().frames_in, stats.snapshot().dropped


def test_a_source_with_a_thread_of_its_own_needs_no_second_one() -> None:
    """Its newest frame is polled; those before it are counted, also those that the source itself dropped."""
    before = threading.active_count()
    source, frames, stats = polled(0, 1, 2, 3)
    frames.start()
    assert threading.active_count() == before
    frames.wait(0.2)
    assert index(frames.take()) == 3  # What came before the start does not count.
    assert frames.take() is None
    assert counts(stats) == (1, {})
    source.arrived = [Frame(ARRAYS[0], number, Fraction(number), 0) for number in (6, 7, 8)]
    source.health = Health(counts={"dropped": 102})
    frames.wait(0.2)
    assert index(frames.take()) == 8
    assert counts(stats) == (6, {"filter": 4})
    assert source.polled_s[0] == 0.2
    assert not is_over(frames)
    source.is_over = True
    assert is_over(frames)


def test_the_frames_before_a_fault_of_a_polled_source_come_first() -> None:
    """Then the error is raised, as often as it is asked for."""
    source, frames, _ = polled(5)
    source.error = SourceError("lost")
    frames.start()
    assert index(frames.take()) == 5
    assert not is_over(frames)
    for _ in range(2):
        frames.wait(0.2)
        with pytest.raises(SourceError, match="lost"):
            frames.take()


def test_waking_and_pausing_wake_a_polled_source() -> None:
    """It waits, not the input."""
    source, frames, _ = polled()
    frames.wake()
    assert source.is_woken
    source, frames, _ = polled()
    frames.pause(True)
    assert source.is_woken
