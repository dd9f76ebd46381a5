"""Opening in a thread of its own, with a timeout."""

from __future__ import annotations

import logging
import threading

import pytest

from livefilter.errors import SourceError
from livefilter.sources.live import open_with_timeout

LONG_S = 20.0


class Door:
    """Can be opened slowly, and is closed."""

    def __init__(self) -> None:
        self.may_open = threading.Event()
        self.closed = threading.Event()

    def open(self) -> Door:
        """Open it when it may be."""
        assert self.may_open.wait(LONG_S)
        return self

    def close(self) -> None:
        """Note it."""
        self.closed.set()


def test_what_opens_is_returned_and_what_breaks_is_raised() -> None:
    """As if it had been opened in place."""
    door = Door()
    door.may_open.set()
    assert open_with_timeout("door", door.open, LONG_S) is door
    assert not door.closed.is_set()

    def locked() -> Door:
        raise SourceError("door: locked")

    with pytest.raises(SourceError, match="door: locked"):
        open_with_timeout("door", locked, LONG_S)


def test_what_opens_too_late_is_closed_when_it_does(caplog: pytest.LogCaptureFixture) -> None:
    """It is closed at once, and nothing stays open; after a second, the log says what the wait is for."""
    caplog.set_level(logging.INFO, "livefilter.sources")
    door = Door()
    with pytest.raises(SourceError, match=r"door: cannot be opened: no answer within 1\.2 s"):
        open_with_timeout("door", door.open, 1.2)
    assert [record.getMessage() for record in caplog.records] == ["waiting for door"]
    door.may_open.set()
    assert door.closed.wait(LONG_S)


def test_being_told_to_stop_ends_the_wait() -> None:
    """As an interrupt, and the door is closed when it opens."""
    door = Door()
    with pytest.raises(KeyboardInterrupt):
        open_with_timeout("door", door.open, LONG_S, lambda: True)
    door.may_open.set()
    assert door.closed.wait(LONG_S)


def test_one_that_opened_just_as_it_was_given_up_is_closed() -> None:
    """There is no moment in between in which it could be forgotten."""
    door = Door()

    def should_stop() -> bool:
        door.may_open.set()
        threading.Event().wait(0.05)
        return True

    with pytest.raises(KeyboardInterrupt):
        open_with_timeout("door", door.open, LONG_S, should_stop)
    assert door.closed.wait(LONG_S)
