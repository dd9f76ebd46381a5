"""Prefetching and background writing: in order, bounded, and no error is lost between threads."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from livefilter.errors import SinkError
from livefilter.pipeline import BackgroundWriter, Prefetcher


def readers() -> list[threading.Thread]:
    """Return the reader threads that are running."""
    return [thread for thread in threading.enumerate() if thread.name == "livefilter.pipeline.prefetch"]


def test_items_come_in_order_and_only_a_few_ahead() -> None:
    """However slow the taker is, few items wait."""
    read: list[int] = []

    def items() -> Iterator[int]:
        for item in range(50):
            read.append(item)
            yield item

    taken = []
    with Prefetcher(items()) as prefetcher:
        for item in prefetcher:
            taken.append(item)
            assert len(read) - len(taken) <= 5
    assert taken == list(range(50))


def test_an_error_of_the_reader_comes_after_the_items_before_it() -> None:
    """None of them is lost."""

    def items() -> Iterator[int]:
        yield 1
        yield 2
        raise OSError("broken")

    with Prefetcher(items()) as prefetcher:
        taken = iter(prefetcher)
        assert [next(taken), next(taken)] == [1, 2]
        with pytest.raises(OSError, match="broken"):
            next(taken)


def test_a_reader_that_is_left_early_ends() -> None:
    """And its thread with it, though its queue is full."""
    before = readers()
    with Prefetcher(iter(range(10**9))) as prefetcher:
        assert next(iter(prefetcher)) == 0
        assert len(readers()) == len(before) + 1
    assert readers() == before


def test_a_reader_that_hangs_is_left_to_itself_where_that_is_asked_for() -> None:
    """As one of a camera that was unplugged."""
    release = threading.Event()

    def items() -> Iterator[int]:
        yield 0
        assert release.wait(30)

    before = readers()
    with Prefetcher(items(), join_timeout_s=0.05) as prefetcher:
        assert next(iter(prefetcher)) == 0
    (reader,) = set(readers()) - set(before)
    release.set()
    reader.join(30)
    assert not reader.is_alive()


def test_everything_is_written_in_order_by_one_other_thread() -> None:
    """Also what is still waiting when the end comes."""
    written: list[tuple[int, str]] = []

    def write(item: int) -> None:
        written.append((item, threading.current_thread().name))

    with BackgroundWriter(write) as writer:
        for item in range(30):
            writer.put(item)
    assert [item for item, _ in written] == list(range(30))
    assert {name for _, name in written} == {"livefilter.pipeline.writer"}


def test_an_error_of_the_writer_is_raised_by_a_later_put_or_at_the_end() -> None:
    """Nothing more is written after it."""
    written: list[int] = []

    def write(item: int) -> None:
        if item == 3:
            raise OSError("full")
        written.append(item)

    def put(*items: int) -> None:
        with BackgroundWriter(write) as writer:
            for item in items:
                writer.put(item)

    with pytest.raises(OSError, match="full"):
        put(*range(1000))
    assert written == [0, 1, 2]
    with pytest.raises(OSError, match="full"):
        put(3)


@pytest.mark.parametrize(
    ("error", "is_kept"), [(KeyboardInterrupt, True), (BrokenPipeError, True), (ValueError, True), (SinkError, False)]
)
def test_an_interrupt_or_a_bug_keeps_what_waits_and_an_error_that_is_foreseen_drops_it(
    error: type[BaseException], is_kept: bool
) -> None:
    """So that an output that is kept holds all that was filtered, and one that is discarded ends soon."""
    hold = threading.Event()
    written: list[int] = []

    def write(item: int) -> None:
        assert hold.wait(30)
        written.append(item)

    def put_and_fail() -> None:
        with BackgroundWriter(write) as writer:
            writer.put(0)
            writer.put(1)
            threading.Timer(0.05, hold.set).start()
            raise error

    with pytest.raises(error):
        put_and_fail()
    assert (written == [0, 1]) == is_kept
