"""A connection's thread: what it gives, how it ends, and how it is left behind."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from fractions import Fraction

import numpy as np
import pytest

from livefilter.errors import SourceError
from livefilter.frame import Color
from livefilter.sources.live import CapturedFrame, ReaderThread

LONG_S = 20.0


class Readable:
    """A reader of given pictures, which blocks after them until it is released, and then breaks."""

    rate: Fraction | None = Fraction(25)
    notes: tuple[str, ...] = ("nothing",)

    def __init__(self, pictures: Sequence[CapturedFrame]) -> None:
        self.pictures = list(pictures)
        self.colors: list[Color] = []
        self.released = threading.Event()
        self.is_blocked = threading.Event()
        self.is_closed = False

    def read(self, color: Color) -> CapturedFrame:
        """Give the next one."""
        self.colors.append(color)
        if self.pictures:
            return self.pictures.pop(0)
        self.is_blocked.set()
        assert self.released.wait(LONG_S)
        raise SourceError("the cable was pulled")

    def close(self) -> None:
        """Note it."""
        self.is_closed = True


def picture(level: int) -> CapturedFrame:
    """A picture of one level."""
    return CapturedFrame(np.full((2, 2), level, np.uint8), level)


def levels(link: ReaderThread, count: int) -> Iterator[int]:
    """What the next pictures of a link are of."""
    for _ in range(count):
        got = link.get(LONG_S)
        assert isinstance(got, CapturedFrame)
        yield got.captured_ns


def test_pictures_come_in_order_and_then_what_ended_them() -> None:
    """The end is reported again and again, and the reader was closed by its own thread."""
    reader = Readable([picture(1), picture(2)])
    reader.released.set()
    link = ReaderThread("cam", lambda: reader)
    assert list(levels(link, 2)) == [1, 2]
    for _ in range(2):
        assert isinstance(link.get(LONG_S), SourceError)
    link.join(LONG_S)
    assert not link.is_alive
    assert reader.is_closed
    assert link.reader is reader


def test_when_nothing_comes_in_time_nothing_is_returned() -> None:
    """A blocked reader blocks no other thread."""
    reader = Readable([])
    link = ReaderThread("cam", lambda: reader)
    assert reader.is_blocked.wait(LONG_S)
    assert link.get(0.0) is None
    assert link.get(0.01) is None
    reader.released.set()
    assert isinstance(link.get(LONG_S), SourceError)


def test_a_blocked_reader_can_be_left_behind_and_closes_when_it_comes_back() -> None:
    """Nothing waits for it; its thread ends by itself, and the device is let go."""
    reader = Readable([picture(1)])
    link = ReaderThread("cam", lambda: reader)
    assert reader.is_blocked.wait(LONG_S)
    link.abandon()
    assert link.get(0.0) is None, "what came before is forgotten"
    reader.released.set()
    link.join(LONG_S)
    assert not link.is_alive
    assert reader.is_closed


def test_one_that_is_left_behind_while_it_opens_is_closed_at_once() -> None:
    """Opening a camera takes seconds; that it was given up meanwhile must not leave it open."""
    reader, may_open = Readable([picture(1)]), threading.Event()

    def open_reader() -> Readable:
        assert may_open.wait(LONG_S)
        return reader

    link = ReaderThread("cam", open_reader)
    link.abandon()
    may_open.set()
    link.join(LONG_S)
    assert reader.is_closed
    assert len(reader.pictures) == 1, "nothing was read"


def test_pictures_that_nobody_takes_are_replaced_and_counted() -> None:
    """Memory stays bounded, and what is there is the newest."""
    reader = Readable([picture(level) for level in range(20)])
    link = ReaderThread("cam", lambda: reader)
    assert reader.is_blocked.wait(LONG_S)
    assert link.counts == {"dropped": 12}
    assert list(levels(link, 8)) == list(range(12, 20))
    link.abandon()
    reader.released.set()
    link.join(LONG_S)


def test_gray_pictures_are_dropped_once_colors_are_wanted() -> None:
    """They were read before, and a recording cannot go from gray to colour."""
    reader = Readable([picture(1), picture(2)])
    link = ReaderThread("cam", lambda: reader)
    assert reader.is_blocked.wait(LONG_S)
    link.set_color("rgb")
    assert link.get(0.0) is None
    link.abandon()
    reader.released.set()
    link.join(LONG_S)
    assert reader.colors == ["gray"] * 3


def test_a_picture_that_was_asked_for_without_colors_is_not_taken_for_one_with_them() -> None:
    """The reader returns it after colors were asked for; the next one has them."""
    is_reading, may_return = threading.Event(), threading.Event()

    class Slow(Readable):
        def read(self, color: Color) -> CapturedFrame:
            is_reading.set()
            assert may_return.wait(LONG_S)
            return super().read(color)

    reader = Slow([picture(1), picture(2)])
    link = ReaderThread("cam", lambda: reader)
    assert is_reading.wait(LONG_S)
    link.set_color("luma")
    may_return.set()
    assert list(levels(link, 1)) == [2]
    assert reader.colors[:2] == ["gray", "luma"]
    link.set_color("gray")
    link.abandon()
    reader.released.set()
    link.join(LONG_S)


def test_pictures_without_pixels_are_counted_and_in_the_end_an_error() -> None:
    """One is passed over; ten in a row are no camera, and nothing spins on."""
    empty = CapturedFrame(None, 0)
    torn = CapturedFrame(None, 0, damaged=2)
    reader = Readable([picture(1), empty, torn, picture(2), *[empty] * 20])
    link = ReaderThread("cam", lambda: reader)
    assert list(levels(link, 2)) == [1, 2]
    error = link.get(LONG_S)
    assert isinstance(error, SourceError)
    assert str(error) == "cam: delivers frames without pixels"
    assert link.counts == {"empty": 11, "damaged": 2}
    assert len(reader.pictures) == 10


@pytest.mark.parametrize("error", [SourceError("no such camera"), ZeroDivisionError()])
def test_what_keeps_it_from_opening_is_given_to_whoever_takes(error: Exception) -> None:
    """No exception is lost in a thread."""

    def open_reader() -> Readable:
        raise error

    link = ReaderThread("cam", open_reader)
    assert link.get(LONG_S) is error
    link.join(LONG_S)


def test_a_wait_for_a_frame_can_be_ended() -> None:
    """Once: the next wait lasts."""
    reader = Readable([])
    link = ReaderThread("cam", lambda: reader)
    assert reader.is_blocked.wait(LONG_S)
    link.wake()
    assert link.get(LONG_S) is None
    started_s = time.monotonic()
    assert link.get(0.05) is None
    assert time.monotonic() - started_s >= 0.05
    link.abandon()
    reader.released.set()
    link.join(LONG_S)
