"""One connection to a camera or stream, read by a thread of its own, so that it can be left behind when it blocks."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Protocol

from livefilter._blocking_thread import BlockingThread
from livefilter.errors import SourceError
from livefilter.frame import Pixels
from livefilter.sources._health import Reason

_MOST_EMPTY = 10
_DEPTH = 8
"""Pictures that wait to be taken; with more, a reader that is late would be shown the past."""


@dataclass(frozen=True, slots=True, eq=False)
class CapturedFrame:
    """What a connection gives.

    Attributes:
        pixels: Gray, uint8, shape (rows, cols); None if it came without any.
        captured_ns: When it was taken or had, on the monotonic clock, in nanoseconds.
        stamp_s: The stream's own time of it, in seconds from anywhere; None if it has none.
        damaged: How many pieces before it could not be decoded.
    """

    pixels: Pixels | None
    captured_ns: int
    stamp_s: Fraction | float | None = None
    damaged: int = 0


class Reader(Protocol):
    """An open connection, used by one thread. Its methods may block.

    Attributes:
        rate: Nominal frames per second; None if that is not known.
        notes: What was asked of the device and not given, in words.
    """

    rate: Fraction | None
    notes: tuple[str, ...]

    def read(self) -> CapturedFrame | None:
        """Return the next picture; None if there is none yet.

        Raises:
            SourceError: The connection is lost.
        """
        ...

    def close(self) -> None:
        """Let go of it."""
        ...


class ReaderThread:
    """A connection with its thread. The thread opens, reads and closes; nobody else touches the reader.

    Args:
        name: What messages call it.
        open_reader: Opens the connection; it may block, or raise.

    Attributes:
        reader: The connection, once it is open; only its facts are for other threads.
        counts: "overrun": pictures that were replaced by newer ones before they were taken; "empty": those that came
            without pixels; "damaged": pieces that could not be decoded. Replaced as a whole, so any thread may read it.
    """

    def __init__(self, name: str, open_reader: Callable[[], Reader]) -> None:
        self.reader: Reader | None = None
        self.counts: Mapping[Reason, int] = {}
        self._name = name
        self._open_reader = open_reader
        self._pictures: deque[CapturedFrame] = deque()
        self._error: BaseException | None = None
        self._is_abandoned = False
        self._changed = threading.Condition()
        self._thread = BlockingThread(target=self._run, name="livefilter.sources.reader")
        self._thread.start()

    @property
    def is_alive(self) -> bool:
        """Whether its thread still runs: a reader that blocks can be abandoned, but not ended."""
        return self._thread.is_alive()

    def take(self, timeout_s: float) -> CapturedFrame | BaseException | None:
        """Return the next picture; what ended the connection, once all pictures are taken; None if nothing came."""
        with self._changed:
            self._changed.wait_for(lambda: self._pictures or self._error, max(timeout_s, 0))
            return self._pictures.popleft() if self._pictures else self._error

    def abandon(self) -> None:
        """Ask the thread to end as soon as its reader lets it, and forget what it gave; this waits for nothing."""
        with self._changed:
            self._is_abandoned = True
            self._pictures.clear()

    def join(self, timeout_s: float) -> None:
        """Wait for the thread to end, but no longer than that."""
        self._thread.join(timeout_s)

    def _run(self) -> None:
        reader: Reader | None = None
        error: BaseException | None = None
        empty = 0
        try:
            reader = self.reader = self._open_reader()
            while not self._is_abandoned:
                picture = reader.read()
                if picture is None:
                    continue
                self._put(picture)
                # A camera that was pulled out gives these without any pause.
                empty = empty + 1 if picture.pixels is None else 0
                if empty == _MOST_EMPTY:
                    raise SourceError(f"{self._name}: gives pictures without pixels")
        except BaseException as raised:  # It is raised again in the thread that takes.
            error = raised
        finally:
            if reader is not None:
                reader.close()
            with self._changed:
                self._error = error
                self._changed.notify_all()

    def _put(self, picture: CapturedFrame) -> None:
        with self._changed:
            if self._is_abandoned:
                return
            self._count("damaged", picture.damaged)
            if picture.pixels is None:
                self._count("empty", int(not picture.damaged))
                return
            if len(self._pictures) == _DEPTH:
                self._pictures.popleft()
                self._count("overrun", 1)
            self._pictures.append(picture)
            self._changed.notify_all()

    def _count(self, reason: Reason, times: int) -> None:
        if times:
            self.counts = {**self.counts, reason: self.counts.get(reason, 0) + times}
