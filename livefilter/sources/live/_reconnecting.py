"""A live source that lasts: it reconnects, leaves blocked readers behind, and notes a picture that froze."""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from fractions import Fraction
from types import MappingProxyType
from typing import cast

import cv2
import numpy as np

from livefilter.errors import SourceError
from livefilter.frame import Frame, Pixels
from livefilter.sources._health import Health, Reason, State
from livefilter.sources._options import SourceOptions
from livefilter.sources._source import Source, SourceFacts
from livefilter.sources.live._freeze_detector import FreezeDetector
from livefilter.sources.live._reader_thread import CapturedFrame, Reader, ReaderThread
from livefilter.sources.live._timestamps import TIME_BASE, TimestampNormalizer

logger = logging.getLogger(__name__)

_DEFAULT_RATE = Fraction(30)
_NOTICE_DELAY_S = 1.0
"""Nobody minds waiting so long; after that, they want to know for what."""
_POLL_S = 0.1
"""How often a wait looks whether it should stop."""
_FIRST_WAIT_S = 0.5
_STABLE_AFTER_S = 5.0
"""A connection that lived so long was a good one: after it, attempts begin quickly again."""
_MOST_BLOCKED = 4
"""Readers that may be blocked at once; each holds a thread, so no more are started before one comes back."""
_CLOSE_TIMEOUT_S = 1.0


class ReconnectingSource(Source):
    """A camera or stream that is opened again, for as long as it takes, whenever it is lost.

    Opening waits for the first picture. From then on the iteration ends only when the source is closed or told to stop,
    or when it was lost for longer than ``give_up_after_s``. Frames all have the size of the first one. ``loss`` tells
    of times without pictures.

    Args:
        name: What it is called, without credentials.
        open_reader: Opens a connection; called in a thread of its own, and again after every loss.
        options: Time-outs, and what else it heeds.
        should_stop: Asked while there is nothing to give; True ends the stream.
        is_there: Whether there is anything to open; when it comes back, a wait for the next attempt is over.
        clock: Seconds that only grow.
        rest: Waits for so many seconds; unless given, ``close`` ends the wait.
        connect: Makes the thread of a connection.
        jitter: A random number from 0 to 1; it spreads attempts, so that many clients do not come at once.

    Attributes:
        health: How it is doing; any thread may read it.

    Raises:
        SourceError: It cannot be opened, or gives no picture in time.
        KeyboardInterrupt: ``should_stop`` said so before the first picture.
    """

    health: Health

    def __init__(
        self,
        name: str,
        open_reader: Callable[[], Reader],
        options: SourceOptions,
        *,
        should_stop: Callable[[], bool] = lambda: False,
        is_there: Callable[[], bool] = lambda: True,
        clock: Callable[[], float] = time.monotonic,
        rest: Callable[[float], object] | None = None,
        connect: Callable[[str, Callable[[], Reader]], ReaderThread] = ReaderThread,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self.loss: str | None = None
        self._name = name
        self._open_reader = open_reader
        self._options = options
        self._should_stop = should_stop
        self._is_there = is_there
        self._clock = clock
        self._closed = threading.Event()
        self._rest = rest or self._closed.wait
        self._connect = connect
        self._jitter = jitter
        self._counts: dict[Reason, int] = {}
        self._timeline = TimestampNormalizer()
        self._still = FreezeDetector(options.frozen_after_s)
        self._blocked: list[ReaderThread] = []
        self._heard: Mapping[Reason, int] = {}
        self._wait_s = _FIRST_WAIT_S
        self.health = Health(since_ns=time.monotonic_ns())
        self._link = connect(name, open_reader)
        self._connected_s = self._seen_s = clock()
        self._first: CapturedFrame | None = self._open()
        # Opening has read frames until one had pixels.
        reader = cast(Reader, self._link.reader)
        rows, cols = cast(Pixels, self._first.pixels).shape
        rate = reader.rate or _DEFAULT_RATE
        self.facts = SourceFacts(name, (rows, cols), rate, TIME_BASE, is_live=True, notes=reader.notes)

    def __iter__(self) -> Iterator[Frame]:
        picture = None if self._closed.is_set() else self._first
        self._first = None
        index = 0
        while picture is not None:
            self._seen_s = self._clock()
            yield self._frame(picture, index)
            index += 1
            picture = self._next()
        if self._closed.is_set():
            self._link.abandon()  # It may be a new one, connected to while another thread closed the one before.
        if self.health.state == "reconnecting":
            self._add_lost_time()
        self._set_state("ended")

    def drop_backlog(self) -> None:
        """Begin with the newest picture that has come. Those before it came too early; they were not dropped."""
        while isinstance(newer := self._link.take(0), CapturedFrame):
            self._first = newer
        self._heard = {**self._heard, "overrun": self._link.counts.get("overrun", 0)}

    def close(self) -> None:
        """End the stream and let go of the device; any thread may do so."""
        self._closed.set()
        self._link.abandon()
        self._link.join(_CLOSE_TIMEOUT_S)

    def _open(self) -> CapturedFrame:
        """Return the very first picture."""
        soon_s = min(_NOTICE_DELAY_S, self._options.open_timeout_s)
        got = self._take_picture(soon_s)
        if got is None and soon_s < self._options.open_timeout_s and not self._must_stop():
            logger.info("waiting for the first picture of %s", self._name)
            got = self._take_picture(self._options.open_timeout_s - soon_s)
        if isinstance(got, CapturedFrame):
            return got
        if got is None and self._must_stop():
            got = KeyboardInterrupt()
        elif got is None:
            got = SourceError(
                f"{self._name}: gave no picture within {self._options.open_timeout_s:g} s; "
                "is it free and switched on? A longer open time-out waits for longer"
            )
        self.close()
        raise got

    def _next(self) -> CapturedFrame | None:
        """Return the next picture, however long it takes; None when the stream is to end."""
        got = self._take_picture(self._options.read_timeout_s)
        while not isinstance(got, CapturedFrame):
            if self._must_stop():
                return None
            self._on_lost(got)
            got = self._reconnect()
        return got

    def _take_picture(self, timeout_s: float) -> CapturedFrame | BaseException | None:
        """Return a picture, what ended the connection, or None when time is up or the stream must end."""
        deadline_s = self._clock() + timeout_s
        while not self._must_stop():
            left_s = deadline_s - self._clock()
            got = self._link.take(min(max(left_s, 0.0), _POLL_S))
            self._collect_counts()
            if got is not None or left_s <= 0:
                return got
        return None

    def _on_lost(self, reason: BaseException | None) -> None:
        """Note that the connection broke, or fell silent, and leave it behind."""
        if reason is not None and not isinstance(reason, SourceError):
            raise reason  # A mistake in the program, which no new connection would mend.
        why = str(reason or f"{self._name}: no picture for {self._options.read_timeout_s:g} s")
        logger.warning("%s; connecting again", why)
        self._count("lost")
        self._set_state("reconnecting", why)
        if self._clock() - self._connected_s >= _STABLE_AFTER_S:
            self._wait_s = _FIRST_WAIT_S

    def _reconnect(self) -> CapturedFrame | None:
        """Open again and again until there is a picture; None if the stream is to end."""
        while True:
            self._abandon()
            self._back_off()
            if self._must_stop():
                return None
            if len(self._blocked) >= _MOST_BLOCKED:
                self._fail(f"{self._name}: {_MOST_BLOCKED} attempts are still blocked")
                continue
            self._link, self._heard = self._connect(self._name, self._open_reader), {}
            self._connected_s = self._clock()
            got = self._take_picture(self._options.open_timeout_s)
            if self._must_stop():
                return None
            if isinstance(got, CapturedFrame):
                self._timeline.reconnect()
                self._add_lost_time()
                logger.info("%s: connected again after %.1f s", self._name, self._clock() - self._seen_s)
                self._set_state("connected")
                return got
            if got is not None and not isinstance(got, SourceError):
                raise got
            self._fail(str(got or f"{self._name}: gave no picture within {self._options.open_timeout_s:g} s"))

    def _abandon(self) -> None:
        self._link.abandon()
        self._blocked = [link for link in {*self._blocked, self._link} if link.is_alive]

    def _back_off(self) -> None:
        """Wait before the next attempt: twice as long each time, and up to half of that less by chance.

        What was unplugged and is plugged in again is not waited for any longer.
        """
        was_there = self._is_there()
        until_s = self._clock() + min(self._wait_s, self._options.retry_wait_s) * (1 - self._jitter() / 2)
        self._wait_s = min(2 * self._wait_s, max(self._options.retry_wait_s, _FIRST_WAIT_S))
        while not self._must_stop() and (left_s := until_s - self._clock()) > 0:
            self._rest(min(left_s, _POLL_S))
            if not was_there and self._is_there():
                self._wait_s = _FIRST_WAIT_S
                break
        self._blocked = [link for link in self._blocked if link.is_alive]

    def _fail(self, why: str) -> None:
        """Note an attempt that came to nothing, and give up if it went on for too long."""
        self._count("failed")
        self.health = replace(self.health, last_error=why)
        away_s, patience_s = self._clock() - self._seen_s, self._options.give_up_after_s
        if patience_s is not None and away_s >= patience_s and not self._must_stop():
            self._add_lost_time()
            self._set_state("ended")
            raise SourceError(f"{self._name}: lost for {away_s:.0f} s, so given up; the last attempt said: {why}")

    def _frame(self, picture: CapturedFrame, index: int) -> Frame:
        pixels, (rows, cols) = cast(Pixels, picture.pixels), self.facts.shape
        if self._still.update(pixels, picture.captured_ns):
            if self.health.state != "frozen":
                self._count("frozen")
                why = f"{self._name}: the same picture for {self._options.frozen_after_s:g} s"
                logger.warning("%s; is it frozen?", why)
                self._set_state("frozen", why)
        elif self.health.state != "connected":
            self._set_state("connected")
        if pixels.shape != (rows, cols):
            self._count("resized")
            was = f"{pixels.shape[1]}x{pixels.shape[0]}"
            what = f"{self._name}: pictures are {was} now, and scaled to the {cols}x{rows} that were promised"
            if what != self.health.last_error:
                logger.warning(what)
            self.health = replace(self.health, last_error=what)
            pixels = np.asarray(cv2.resize(pixels, (cols, rows), interpolation=cv2.INTER_AREA), dtype=np.uint8)
        if self._options.mirror:
            pixels = np.asarray(cv2.flip(pixels, 1), dtype=np.uint8)
        before = self._timeline.rejected
        time_s = self._timeline.place(picture.stamp_s, picture.captured_ns)
        self._count("time", self._timeline.rejected - before)
        return Frame(pixels, index, time_s, picture.captured_ns)

    def _must_stop(self) -> bool:
        return self._closed.is_set() or self._should_stop()

    def _count(self, reason: Reason, times: int = 1) -> None:
        if times:
            self._counts[reason] = self._counts.get(reason, 0) + times
            self.health = replace(self.health, counts=MappingProxyType(dict(self._counts)))
            self._tell_loss()

    def _collect_counts(self) -> None:
        """Take over what the connection's thread has counted since the last time."""
        counts = self._link.counts
        for reason, times in counts.items():
            self._count(reason, times - self._heard.get(reason, 0))
        self._heard = counts

    def _set_state(self, state: State, why: str | None = None) -> None:
        why = why or self.health.last_error
        self.health = replace(self.health, state=state, since_ns=time.monotonic_ns(), last_error=why)

    def _add_lost_time(self) -> None:
        self.health = replace(self.health, lost_s=self.health.lost_s + self._clock() - self._seen_s)
        self._tell_loss()

    def _tell_loss(self) -> None:
        """Say what is missing from the stream; what was replaced by newer frames is dropped, not lost."""
        lost, damaged = self._counts.get("lost", 0), self._counts.get("damaged", 0)
        told = []
        if lost:
            times = "once" if lost == 1 else f"{lost} times"
            told.append(f"interrupted {times}, {self.health.lost_s:.1f} s without pictures")
        if damaged:
            told.append(f"{damaged} damaged piece{'s' * (damaged > 1)} could not be decoded")
        self.loss = f"{self._name}: {'; '.join(told)}" if told else None
