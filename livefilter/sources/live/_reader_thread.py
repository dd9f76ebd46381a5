"""One connection to a camera or stream and its thread, which can be left behind when a driver hangs."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Protocol

from livefilter._blocking_thread import BlockingThread
from livefilter.errors import SourceError
from livefilter.frame import Color, Pixels
from livefilter.sources._health import Reason

_MAX_EMPTY_FRAMES = 10
_QUEUE_SIZE = 8
"""Frames that wait to be read. A longer queue would show the past to a consumer that is late."""


@dataclass(frozen=True, slots=True, eq=False)
class CapturedFrame:
    """One frame of a connection, before it has a media time.

    Attributes:
        gray: uint8, shape (rows, cols), the same whether the frame has colors or not; None for a frame without pixels.
        captured_ns: Time of capture, or else of arrival, on the monotonic clock, in nanoseconds.
        timestamp_s: The stream's own timestamp, in seconds from any origin; None if it has none.
        damaged: Number of packets before it that could not be decoded.
        bgr: uint8, shape (rows, cols, 3), if colors were asked for and the stream has any; otherwise None.
    """

    gray: Pixels | None
    captured_ns: int
    timestamp_s: Fraction | float | None = None
    damaged: int = 0
    bgr: Pixels | None = None


class Reader(Protocol):
    """An open connection, used by one thread. Its methods may block.

    Attributes:
        rate: Nominal frames per second; None if unknown.
        notes: Requests that the device did not grant, for people.
    """

    rate: Fraction | None
    notes: tuple[str, ...]

    def read(self, color: Color) -> CapturedFrame | None:
        """Return the next frame; None if there is none yet.

        Args:
            color: "gray" asks for gray alone, any other for BGR pixels too.

        Raises:
            SourceError: The connection is lost.
        """
        ...

    def close(self) -> None:
        """Release the connection."""
        ...


class ReaderThread:
    """A connection with its thread. Only this thread opens, reads and closes the reader.

    Args:
        name: Name for messages.
        open_reader: Opens the connection; it may block, or raise.
        color: What frames carry at first.

    Attributes:
        reader: The connection, once it is open; other threads may read only its attributes.
        counts: "dropped": frames replaced by newer ones before they were read; "empty": frames without pixels;
            "damaged": packets that could not be decoded. Replaced as a whole, so any thread may read it.
    """

    def __init__(self, name: str, open_reader: Callable[[], Reader], color: Color = "gray") -> None:
        self.reader: Reader | None = None
        self.counts: Mapping[Reason, int] = {}
        self._name = name
        self._open_reader = open_reader
        self._color = color
        self._frames: deque[CapturedFrame] = deque()
        self._error: BaseException | None = None
        self._is_abandoned = self._is_woken = False
        self._changed = threading.Condition()
        self._thread = BlockingThread(target=self._run, name="livefilter.sources.reader")
        self._thread.start()

    @property
    def is_alive(self) -> bool:
        """Whether the thread still runs: a reader that blocks can be abandoned, but not ended."""
        return self._thread.is_alive()

    def get(self, timeout_s: float) -> CapturedFrame | BaseException | None:
        """Return the next frame; after the last one, the error that ended the connection; None on a timeout or wake."""
        with self._changed:
            self._changed.wait_for(lambda: self._frames or self._error or self._is_woken, max(timeout_s, 0))
            self._is_woken = False
            return self._frames.popleft() if self._frames else self._error

    def wake(self) -> None:
        """End the wait of ``get`` early."""
        with self._changed:
            self._is_woken = True
            self._changed.notify_all()

    def set_color(self, color: Color) -> None:
        """Choose what frames carry. Frames without colors that were read before are dropped if colors are wanted."""
        with self._changed:
            if self._color == "gray" != color:
                self._frames.clear()
            self._color = color

    def abandon(self) -> None:
        """Ask the thread to end as soon as its reader returns, and drop its frames. This does not wait."""
        with self._changed:
            self._is_abandoned = True
            self._frames.clear()

    def join(self, timeout_s: float) -> None:
        """Wait for the thread to end, for ``timeout_s`` seconds at most."""
        self._thread.join(timeout_s)

    def _run(self) -> None:
        reader: Reader | None = None
        error: BaseException | None = None
        empty = 0
        try:
            reader = self.reader = self._open_reader()
            while not self._is_abandoned:
                color = self._color
                captured = reader.read(color)
                if captured is None:
                    continue
                self._put(captured, color)
                # An unplugged camera delivers empty frames without a pause.
                empty = empty + 1 if captured.gray is None else 0
                if empty == _MAX_EMPTY_FRAMES:
                    raise SourceError(f"{self._name}: delivers frames without pixels")
        except BaseException as raised:  # Raised again in the thread that calls get.
            error = raised
        finally:
            if reader is not None:
                reader.close()
            with self._changed:
                self._error = error
                self._changed.notify_all()

    def _put(self, captured: CapturedFrame, color: Color) -> None:
        """Queue a frame that was read in a colour mode."""
        with self._changed:
            if self._is_abandoned:
                return
            self._count("damaged", captured.damaged)
            if captured.gray is None:
                self._count("empty", int(not captured.damaged))
                return
            if color == "gray" != self._color:
                return
            if len(self._frames) == _QUEUE_SIZE:
                self._frames.popleft()
                self._count("dropped", 1)
            self._frames.append(captured)
            self._changed.notify_all()

    def _count(self, reason: Reason, times: int) -> None:
        if times:
            self.counts = {**self.counts, reason: self.counts.get(reason, 0) + times}
