"""Reconnection of cameras and streams: the one place that notices a loss, waits, and opens the source again.

A connection is read by a thread of its own (``_reader_thread``). ``ReconnectingSource._next_frame`` asks it for a frame
with a timeout. On a timeout or an error, ``_on_lost`` reports the loss, and ``_reconnect`` repeats three steps:
``_abandon`` leaves the old thread behind (a hung driver may block it for ever), ``_back_off`` waits, each time twice
as long, and a new thread opens the source. ``_on_failed_attempt`` gives up after ``give_up_after_s``.
"""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import replace
from fractions import Fraction
from types import MappingProxyType
from typing import TypeVar, cast

import cv2
import numpy as np

from livefilter.errors import SourceError
from livefilter.frame import Color, Frame, Pixels
from livefilter.sources._health import Health, Reason, State
from livefilter.sources._options import SourceOptions
from livefilter.sources._source import PolledSource, SourceFacts
from livefilter.sources.live._freeze_detector import FreezeDetector
from livefilter.sources.live._reader_thread import CapturedFrame, Reader, ReaderThread
from livefilter.sources.live._timestamps import TIME_BASE, TimestampNormalizer

logger = logging.getLogger(__name__)

_DEFAULT_RATE = Fraction(30)
_NOTICE_DELAY_S = 1.0
"""After this delay, log what the source is waiting for."""
_POLL_S = 0.1
"""Interval at which a wait checks whether it should stop."""
_MIN_DELAY_S = 0.5
_STABLE_AFTER_S = 5.0
"""A connection that lasted this long was stable: the delays after it start from the shortest one again."""
_MAX_BLOCKED = 4
"""Number of readers that may hang at once. Each holds a thread, so the next attempt waits until one returns."""
_CLOSE_TIMEOUT_S = 1.0
Found = TypeVar("Found")
_Waiting = Generator[None, None, Found]
"""A wait that can be left for a moment, and its result at the end."""


class ReconnectingSource(PolledSource):
    """A camera or stream that is opened again, for as long as it takes, whenever it is lost.

    Opening waits for the first frame. After that, the iteration ends only when the source is closed or stopped, or when
    it was lost for longer than ``give_up_after_s``. All frames have the size of the first one. ``loss`` reports gaps.

    Args:
        name: Name for messages, without credentials.
        open_reader: Opens a connection; called in a thread of its own, and again after every loss.
        options: Timeouts, delays, colors, mirroring and the detection of frozen frames.
        should_stop: Polled before every frame and while waiting for one; True ends the stream.
        is_present: Whether the device exists. When it comes back, the wait for the next attempt ends early.
        clock: Monotonic clock, in seconds.
        sleep: Waits for a number of seconds. By default, ``close`` interrupts the wait.
        start_thread: Starts the reader thread of a connection.
        jitter: Random number from 0 to 1. It spreads attempts, so that many clients do not reconnect at once.

    Attributes:
        health: State of the source; any thread may read it.
        is_over: Whether the iteration has ended.

    Raises:
        SourceError: The source cannot be opened, or delivers no frame in time.
        KeyboardInterrupt: ``should_stop`` returned True before the first frame.
    """

    health: Health

    def __init__(
        self,
        name: str,
        open_reader: Callable[[], Reader],
        options: SourceOptions,
        *,
        should_stop: Callable[[], bool] = lambda: False,
        is_present: Callable[[], bool] = lambda: True,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], object] | None = None,
        start_thread: Callable[[str, Callable[[], Reader], Color], ReaderThread] = ReaderThread,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self.loss: str | None = None
        self.is_over = False
        self._name = name
        self._open_reader = open_reader
        self._options = options
        self._color: Color = options.color
        self._should_stop = should_stop
        self._is_present = is_present
        self._clock = clock
        self._is_closed = threading.Event()
        self._sleep = sleep or self._is_closed.wait
        self._start_thread = start_thread
        self._jitter = jitter
        self._counts: dict[Reason, int] = {}
        self._timestamps = TimestampNormalizer()
        self._freeze_detector = FreezeDetector(options.frozen_after_s)
        self._blocked: list[ReaderThread] = []
        self._wait_s = _POLL_S
        self._polled = self._frames()
        self._is_new_connection = False
        self._collected: Mapping[Reason, int] = {}
        self._delay_s = _MIN_DELAY_S
        self.health = Health(since_ns=time.monotonic_ns())
        self._thread = start_thread(name, open_reader, self._color)
        self._attempt_started_s = self._last_frame_s = clock()
        self._first: CapturedFrame | None = self._open()
        # Opening has read frames until one had pixels.
        reader = cast(Reader, self._thread.reader)
        rows, cols = cast(Pixels, self._first.gray).shape
        rate = reader.rate or _DEFAULT_RATE
        self.facts = SourceFacts(name, (rows, cols), rate, TIME_BASE, is_live=True, notes=reader.notes)

    def __iter__(self) -> Iterator[Frame]:
        return (frame for frame in self._polled if frame is not None)

    def poll(self, timeout_s: float) -> Frame | None:
        """Return the next frame; None if none came within a time, or ``wake`` was called, or at the end."""
        self._wait_s = min(timeout_s, _POLL_S)
        try:
            return next(self._polled, None)
        finally:
            self._wait_s = _POLL_S

    def wake(self) -> None:
        """End the wait of ``poll`` early; any thread may call it."""
        self._thread.wake()

    def _frames(self) -> Iterator[Frame | None]:
        """Yield the frames, and None whenever there was none for a moment."""
        captured, self._first = self._first, None
        if captured is None and not self._is_closed.is_set():
            captured = yield from self._next_frame()
        if self._is_closed.is_set():
            captured = None
        index = 0
        while captured is not None:
            self._last_frame_s = self._clock()
            yield self._frame(captured, index)
            index += 1
            captured = yield from self._next_frame()
        if self._is_closed.is_set():
            self._thread.abandon()  # It may be a new one, started while another thread closed the one before.
        if self.health.state == "reconnecting":
            self._add_lost_time()
        self._set_state("ended")
        self.is_over = True

    def drop_backlog(self) -> None:
        """Start with the newest frame that has arrived. Older ones came before the start and do not count."""
        while isinstance(newer := self._thread.get(0), CapturedFrame):
            self._first = newer
        self._collected = {**self._collected, "dropped": self._thread.counts.get("dropped", 0)}

    def set_color(self, color: Color) -> None:
        """Choose what frames carry from the next one on: if colors are wanted, gray frames that wait are dropped."""
        if self._color == "gray" != color:
            self._first = None
        self._color = color
        self._thread.set_color(color)

    def close(self) -> None:
        """End the stream and release the device; any thread may do so."""
        self._is_closed.set()
        self._thread.abandon()
        self._thread.join(_CLOSE_TIMEOUT_S)

    def _open(self) -> CapturedFrame:
        """Return the very first frame."""
        notice_delay_s = min(_NOTICE_DELAY_S, self._options.open_timeout_s)
        event = _result(self._wait_for_frame(notice_delay_s))
        if event is None and notice_delay_s < self._options.open_timeout_s and not self._must_stop():
            logger.info("waiting for the first frame of %s", self._name)
            event = _result(self._wait_for_frame(self._options.open_timeout_s - notice_delay_s))
        if isinstance(event, CapturedFrame):
            return event
        if event is None and self._must_stop():
            event = KeyboardInterrupt()
        elif event is None:
            event = SourceError(
                f"{self._name}: no frame within {self._options.open_timeout_s:g} s; check that it is switched on and "
                "not in use, or raise the open timeout"
            )
        self.close()
        raise event

    def _next_frame(self) -> _Waiting[CapturedFrame | None]:
        """Return the next frame, reconnecting as often as needed; None when the stream must end."""
        event = yield from self._wait_for_frame(self._options.read_timeout_s)
        while not isinstance(event, CapturedFrame):
            if self._must_stop():
                return None
            self._on_lost(event)
            event = yield from self._reconnect()
        return event

    def _wait_for_frame(self, timeout_s: float) -> _Waiting[CapturedFrame | BaseException | None]:
        """Return a frame, the error that ended the connection, or None on a timeout or when the stream must end."""
        deadline_s = self._clock() + timeout_s
        while not self._must_stop():
            left_s = deadline_s - self._clock()
            event = self._thread.get(min(max(left_s, 0.0), self._wait_s))
            self._collect_counts()
            if event is not None or left_s <= 0:
                return event
            yield None
        return None

    def _on_lost(self, error: BaseException | None) -> None:
        """Report that the connection failed with an error, or, for None, that it fell silent."""
        if error is not None and not isinstance(error, SourceError):
            raise error  # A fault in the program, which no new connection would mend.
        reason = str(error or f"{self._name}: no frame for {self._options.read_timeout_s:g} s")
        logger.warning("%s; reconnecting", reason)
        self._count("lost")
        self._set_state("reconnecting", reason)
        if self._clock() - self._attempt_started_s >= _STABLE_AFTER_S:
            self._delay_s = _MIN_DELAY_S

    def _reconnect(self) -> _Waiting[CapturedFrame | None]:
        """Open the source again and again until there is a frame; None when the stream must end."""
        while True:
            self._abandon()
            yield from self._back_off()
            if self._must_stop():
                return None
            if len(self._blocked) >= _MAX_BLOCKED:
                self._on_failed_attempt(f"{self._name}: {_MAX_BLOCKED} earlier attempts still hang")
                continue
            self._thread, self._collected = self._start_thread(self._name, self._open_reader, self._color), {}
            self._thread.set_color(self._color)  # It may have changed since.
            self._attempt_started_s = self._clock()
            event = yield from self._wait_for_frame(self._options.open_timeout_s)
            if self._must_stop():
                return None
            if isinstance(event, CapturedFrame):
                self._timestamps.reconnect()
                self._is_new_connection = True
                self._add_lost_time()
                logger.info("%s: reconnected after %.1f s", self._name, self._clock() - self._last_frame_s)
                self._set_state("connected")
                return event
            if event is not None and not isinstance(event, SourceError):
                raise event
            self._on_failed_attempt(str(event or f"{self._name}: no frame within {self._options.open_timeout_s:g} s"))

    def _abandon(self) -> None:
        self._thread.abandon()
        self._blocked = [thread for thread in {*self._blocked, self._thread} if thread.is_alive]

    def _back_off(self) -> _Waiting[None]:
        """Wait before the next attempt: twice as long each time, minus a random share of up to a half.

        The wait ends early when the device was gone and is back.
        """
        was_present = self._is_present()
        until_s = self._clock() + min(self._delay_s, self._options.retry_wait_s) * (1 - self._jitter() / 2)
        self._delay_s = min(2 * self._delay_s, max(self._options.retry_wait_s, _MIN_DELAY_S))
        while not self._must_stop() and (left_s := until_s - self._clock()) > 0:
            self._sleep(min(left_s, _POLL_S))
            yield None
            if not was_present and self._is_present():
                self._delay_s = _MIN_DELAY_S
                break
        self._blocked = [thread for thread in self._blocked if thread.is_alive]

    def _on_failed_attempt(self, reason: str) -> None:
        """Count a failed attempt, and give up if the source has been lost for too long."""
        self._count("failed")
        self.health = replace(self.health, last_error=reason)
        lost_s, give_up_after_s = self._clock() - self._last_frame_s, self._options.give_up_after_s
        if give_up_after_s is not None and lost_s >= give_up_after_s and not self._must_stop():
            self._add_lost_time()
            self._set_state("ended")
            raise SourceError(
                f"{self._name}: giving up after {lost_s:.0f} s without a connection; last error: {reason}"
            )

    def _frame(self, captured: CapturedFrame, index: int) -> Frame:
        gray, bgr, (rows, cols) = cast(Pixels, captured.gray), captured.bgr, self.facts.shape
        if self._freeze_detector.update(gray, captured.captured_ns):
            if self.health.state != "frozen":
                self._count("frozen")
                reason = f"{self._name}: the same frame for {self._options.frozen_after_s:g} s"
                logger.warning("%s; is the camera frozen?", reason)
                self._set_state("frozen", reason)
        elif self.health.state != "connected":
            self._set_state("connected")
        if gray.shape != (rows, cols):
            self._count("resized")
            size = f"{gray.shape[1]}x{gray.shape[0]}"
            message = f"{self._name}: frames are now {size}; livefilter scales them to {cols}x{rows}"
            if message != self.health.last_error:
                logger.warning(message)
            self.health = replace(self.health, last_error=message)
            gray = _scaled(gray, (rows, cols))
            bgr = None if bgr is None else _scaled(bgr, (rows, cols))
        rejected_before = self._timestamps.rejected
        time_s = self._timestamps.normalize(captured.timestamp_s, captured.captured_ns)
        self._count("time", self._timestamps.rejected - rejected_before)
        frame = Frame(
            gray if bgr is None else bgr,
            index,
            time_s,
            captured.captured_ns,
            gray=gray,
            is_discontinuity=self._is_new_connection,
        )
        self._is_new_connection = False
        return frame.mirrored() if self._options.mirror else frame

    def _must_stop(self) -> bool:
        return self._is_closed.is_set() or self._should_stop()

    def _count(self, reason: Reason, times: int = 1) -> None:
        if times:
            self._counts[reason] = self._counts.get(reason, 0) + times
            self.health = replace(self.health, counts=MappingProxyType(dict(self._counts)))
            self._update_loss()

    def _collect_counts(self) -> None:
        """Add what the reader thread has counted since the last call."""
        counts = self._thread.counts
        for reason, times in counts.items():
            self._count(reason, times - self._collected.get(reason, 0))
        self._collected = counts

    def _set_state(self, state: State, reason: str | None = None) -> None:
        last_error = reason or self.health.last_error
        self.health = replace(self.health, state=state, since_ns=time.monotonic_ns(), last_error=last_error)

    def _add_lost_time(self) -> None:
        self.health = replace(self.health, lost_s=self.health.lost_s + self._clock() - self._last_frame_s)
        self._update_loss()

    def _update_loss(self) -> None:
        """Describe what is missing from the stream. A frame replaced by a newer one is dropped, not lost."""
        interruptions, damaged = self._counts.get("lost", 0), self._counts.get("damaged", 0)
        losses = []
        if interruptions:
            times = "once" if interruptions == 1 else f"{interruptions} times"
            losses.append(f"interrupted {times}, {self.health.lost_s:.1f} s without frames")
        if damaged:
            losses.append(f"{damaged} damaged packet{'s' * (damaged > 1)} could not be decoded")
        self.loss = f"{self._name}: {'; '.join(losses)}" if losses else None


def _result(wait: _Waiting[Found]) -> Found:
    """Wait to the end, and return the result."""
    while True:
        try:
            next(wait)
        except StopIteration as end:
            return cast(Found, end.value)


def _scaled(pixels: Pixels, shape: tuple[int, int]) -> Pixels:
    return np.asarray(cv2.resize(pixels, shape[::-1], interpolation=cv2.INTER_AREA), dtype=np.uint8)
