"""A live source that lasts, by a script of what its connections do; no time passes and no thread runs."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import islice
from typing import Any

import numpy as np
import pytest

from livefilter.errors import SourceError
from livefilter.frame import Color, Frame
from livefilter.sources import Reason, SourceOptions
from livefilter.sources.live import CapturedFrame, Reader, ReaderThread, ReconnectingSource
from livefilter.testing import FakeClock

SECOND = 1_000_000_000
BLOCKED = 1e9
"""Seconds of silence that are longer than any wait."""
Event = float | int | BaseException | CapturedFrame
"""Seconds of silence, a picture of a level (an int), an end, or a picture as it is."""


class Facts:
    """The attributes of a connection."""

    rate: Fraction | None = Fraction(25)
    notes: tuple[str, ...] = ("asked for 60 frames per second, gives 25",)

    def read(self, color: Color) -> CapturedFrame:
        """Never: the link below does not read."""
        raise NotImplementedError

    def close(self) -> None:
        """As read."""
        raise NotImplementedError


class World:
    """A clock, and connections that each do what a script says. When no script is left, connections are refused."""

    def __init__(self, *scripts: Sequence[Event], stays_blocked: bool = False) -> None:
        self.clock = FakeClock(1000.0)
        self.scripts = [list(script) for script in scripts]
        self.threads: list[ScriptedThread] = []
        self.attempts_s: list[float] = []
        self.stays_blocked = stays_blocked

    def start_thread(self, name: str, open_reader: Callable[[], Reader], color: Color) -> Any:
        """Stand for ReaderThread."""
        self.attempts_s.append(self.clock())
        script = self.scripts.pop(0) if self.scripts else [SourceError("cam: refused")]
        self.threads.append(ScriptedThread(self, script, color))
        return self.threads[-1]

    def open(
        self,
        should_stop: Callable[[], bool] = lambda: False,
        is_present: Callable[[], bool] = lambda: True,
        **options: Any,
    ) -> ReconnectingSource:
        """A live source in this world."""
        return ReconnectingSource(
            "cam",
            Facts,
            SourceOptions(**options),
            should_stop=should_stop,
            is_present=is_present,
            clock=self.clock,
            sleep=self.clock.advance,
            start_thread=self.start_thread,
            jitter=lambda: 0.0,
        )


class ScriptedThread:
    """Stands for a connection and its thread."""

    def __init__(self, world: World, script: Sequence[Event], color: Color) -> None:
        self.reader = Facts()
        self.counts: dict[Reason, int] = {}
        self.is_abandoned = False
        self.color = color
        self._world = world
        self._script = list(script)

    @property
    def is_alive(self) -> bool:
        """Whether its thread is stuck."""
        return not self.is_abandoned or self._world.stays_blocked

    def get(self, timeout_s: float) -> CapturedFrame | BaseException | None:
        """Do the next thing of the script."""
        clock = self._world.clock
        event = self._script[0] if self._script else SourceError("cam: connection closed")
        if isinstance(event, float):
            passed = min(event, timeout_s)
            clock.advance(passed)
            self._script[:1] = [event - passed] if event > passed else []
            return None
        if isinstance(event, BaseException):
            return event
        self._script.pop(0)
        if isinstance(event, CapturedFrame):
            return event
        bgr = None if self.color == "gray" else np.full((2, 4, 3), event, np.uint8)
        return CapturedFrame(np.full((2, 4), event, np.uint8), round(clock() * SECOND), bgr=bgr)

    def set_color(self, color: Color) -> None:
        """Note it."""
        self.color = color

    def abandon(self) -> None:
        """Note it."""
        self.is_abandoned = True

    def join(self, timeout_s: float) -> None:
        """Nothing runs."""


def levels(frames: Sequence[Frame]) -> list[int]:
    """What frames are of."""
    return [int(frame.pixels[0, 0]) for frame in frames]


def test_frames_are_live_in_order_and_timed_by_the_clock() -> None:
    """The facts come from the first picture and from the device, with what it did not give."""
    world = World([3, 0.5, 4, 0.5, 5])
    source = world.open()
    assert source.facts.shape == (2, 4)
    assert (source.facts.name, source.facts.rate, source.facts.is_live) == ("cam", Fraction(25), True)
    assert source.facts.notes == ("asked for 60 frames per second, gives 25",)
    frames = list(islice(source, 3))
    assert levels(frames) == [3, 4, 5]
    assert [frame.index for frame in frames] == [0, 1, 2]
    assert [float(frame.time_s) for frame in frames] == [0.0, 0.5, 1.0]
    assert (source.health.state, dict(source.health.counts), source.loss) == ("connected", {}, None)


def test_what_came_while_nobody_took_it_can_be_left_out() -> None:
    """While a filter is compiled, say: the newest picture is the first one, and none of the others was dropped."""
    world = World([1, 2, 3, 0.5, 8])
    source = world.open()
    world.threads[0].counts = {"dropped": 4, "damaged": 1}
    source.drop_backlog()
    frames = iter(source)
    assert levels([next(frames)]) == [3]
    world.threads[0].counts = {"dropped": 5, "damaged": 1}
    assert levels([next(frames)]) == [8]
    assert dict(source.health.counts) == {"dropped": 1, "damaged": 1}


def test_the_only_picture_that_came_is_given_however_old_it_is() -> None:
    """A camera that broke meanwhile has still shown something."""
    source = World([3, SourceError("cam: cable pulled")], [4]).open()
    source.drop_backlog()
    assert levels(list(islice(source, 2))) == [3, 4]


def test_a_source_that_cannot_be_opened_is_an_error() -> None:
    """A mistyped address is reported now, not after a minute of attempts."""
    with pytest.raises(SourceError, match="no such camera"):
        World([SourceError("cam: no such camera")]).open()


def test_a_source_that_gives_nothing_in_time_is_an_error() -> None:
    """It waits for the timeout, leaves the blocked reader, and says what to do."""
    world = World([BLOCKED])
    with pytest.raises(SourceError, match="cam: no frame within 3 s; check that it is switched on"):
        world.open(open_timeout_s=3.0)
    assert world.clock() == pytest.approx(1003)
    assert world.threads[0].is_abandoned


def test_a_lost_stream_comes_back_and_time_goes_on() -> None:
    """Indexes go on, media time shows the gap, and the loss is named."""
    world = World([1, 2, SourceError("cam: cable pulled")], [3.0, 7, 0.5, 8])
    source = world.open()
    frames = list(islice(source, 4))
    assert levels(frames) == [1, 2, 7, 8]
    assert [frame.index for frame in frames] == [0, 1, 2, 3]
    assert [float(frame.time_s) for frame in frames[2:]] == [3.5, 4.0]
    assert dict(source.health.counts) == {"lost": 1}
    assert source.health.lost_s == pytest.approx(3.5)
    assert source.health.last_error == "cam: cable pulled"
    assert source.health.state == "connected"
    assert source.loss == "cam: interrupted once, 3.5 s without frames"


def test_what_happens_is_logged_when_it_happens(caplog: pytest.LogCaptureFixture) -> None:
    """For unattended runs: waiting, lost, back, frozen, another size (once)."""
    caplog.set_level(logging.INFO, "livefilter.sources")
    other = CapturedFrame(np.full((8, 8), 9, np.uint8), 1100 * SECOND)
    world = World([1.5, 1, SourceError("cam: cable pulled")], [2, 3.0, 2, other, other])
    list(islice(world.open(frozen_after_s=2.0), 5))
    assert [record.getMessage() for record in caplog.records] == [
        "waiting for the first frame of cam",
        "cam: cable pulled; reconnecting",
        "cam: reconnected after 0.5 s",
        "cam: the same frame for 2 s; is the camera frozen?",
        "cam: frames are now 8x8; livefilter scales them to 4x2",
    ]


def test_a_reader_that_blocks_is_left_behind_for_a_new_one() -> None:
    """The watchdog: after the read timeout, the source reconnects."""
    world = World([1, BLOCKED], [2])
    source = world.open(read_timeout_s=2.0)
    frames = list(islice(source, 2))
    assert levels(frames) == [1, 2]
    assert world.threads[0].is_abandoned
    assert not world.threads[1].is_abandoned
    assert float(frames[1].time_s) == pytest.approx(2.5, abs=0.01)
    assert source.health.last_error == "cam: no frame for 2 s"


def test_silence_shorter_than_the_time_out_is_waited_for() -> None:
    """No reconnection, no count."""
    source = World([1, 4.9, 2]).open(read_timeout_s=5.0)
    assert levels(list(islice(source, 2))) == [1, 2]
    assert not source.health.counts


def test_attempts_come_at_growing_distances_up_to_the_longest() -> None:
    """Half a second, then twice as long each time; without jitter here."""
    world = World([1], *[[SourceError("cam: refused")]] * 6, [2])
    source = world.open(retry_wait_s=4.0)
    assert levels(list(islice(source, 2))) == [1, 2]
    gaps = np.diff(world.attempts_s)
    assert gaps.tolist() == pytest.approx([0.5, 1, 2, 4, 4, 4, 4])
    assert dict(source.health.counts) == {"lost": 1, "failed": 6}


def test_jitter_takes_up_to_half_of_a_wait() -> None:
    """So that a hundred clients do not come back at one moment."""
    world = World([1], [2])
    source = ReconnectingSource(
        "cam",
        Facts,
        SourceOptions(),
        clock=world.clock,
        sleep=world.clock.advance,
        start_thread=world.start_thread,
        jitter=lambda: 1,
    )
    list(islice(source, 2))
    assert world.attempts_s[1] - world.attempts_s[0] == pytest.approx(0.25)


def test_what_comes_back_is_not_waited_for_any_longer() -> None:
    """A camera that is plugged in again is opened within a moment, however long it was away."""
    world = World([1], *[[SourceError("cam: there is none")]] * 9, [2])
    back_s = world.clock() + 300
    source = world.open(is_present=lambda: world.clock() >= back_s, retry_wait_s=1000.0)
    assert levels(list(islice(source, 2))) == [1, 2]
    assert back_s <= world.attempts_s[-1] <= back_s + 0.2


def test_a_stream_that_flaps_is_not_hammered() -> None:
    """A connection that dies at once does not reset the delay; one that lived for a while does."""
    world = World([1], [2], [3], [6.0, 4, 6.0, 4], [5])
    source = world.open(read_timeout_s=60.0)
    assert levels(list(islice(source, 6))) == [1, 2, 3, 4, 4, 5]
    gaps = np.diff(world.attempts_s).tolist()
    assert gaps == pytest.approx([0.5, 1, 2, 12 + 0.5])


def test_a_camera_lost_for_an_hour_is_waited_for() -> None:
    """Nothing grows meanwhile: one link is open at a time, and counters count."""
    world = World([1], *[[SourceError("cam: refused")]] * 360, [2])
    source = world.open()
    assert levels(list(islice(source, 2))) == [1, 2]
    assert world.clock() > 1000 + 3500
    assert source.health.counts["failed"] == 360
    assert all(link.is_abandoned for link in world.threads[:-1])


def test_it_can_be_told_to_give_up() -> None:
    """Then the end is an error that says for how long, and what the last attempt said."""
    world = World([1], *[[SourceError("cam: refused")]] * 99)
    source = world.open(give_up_after_s=20.0)
    frames = iter(source)
    next(frames)
    with pytest.raises(SourceError, match=r"cam: giving up after 2\d s without a connection; last error: cam: refused"):
        next(frames)
    assert source.health.state == "ended"
    assert source.loss is not None
    assert source.loss.startswith("cam: interrupted once, 2")


def test_only_so_many_readers_may_be_stuck_at_once() -> None:
    """Each holds a thread; when four are, no more are started until one comes back."""
    world = World([1, BLOCKED], *[[BLOCKED]] * 3, [2], stays_blocked=True)

    def comes_back() -> bool:
        if world.clock() > 1200:
            world.stays_blocked = False
        return False

    source = world.open(comes_back, read_timeout_s=1.0, open_timeout_s=1.0)
    frames = iter(source)
    next(frames)
    reads: list[int] = []
    reads.append(int(next(frames).pixels[0, 0]))
    assert reads == [2]
    assert len(world.threads) == 5
    assert world.attempts_s[4] > 1200
    assert source.health.counts["failed"] > 10


def test_a_repeated_picture_is_reported_as_frozen_and_goes_on_being_shown() -> None:
    """The state says so from then on, and changes back with the first picture that differs."""
    world = World([5, 1.0, 5, 1.0, 5, 1.0, 5, 1.0, 6])
    source = world.open(frozen_after_s=2.0)
    states = [(int(frame.pixels[0, 0]), source.health.state) for frame in islice(source, 5)]
    assert states == [(5, "connected"), (5, "connected"), (5, "frozen"), (5, "frozen"), (6, "connected")]
    assert dict(source.health.counts) == {"frozen": 1}
    assert source.health.last_error == "cam: the same frame for 2 s"
    assert source.loss is None


def test_a_changed_size_is_scaled_to_the_promised_one() -> None:
    """A recording goes on; the counter and the log show it."""
    other = CapturedFrame(np.full((8, 8), 9, np.uint8), 1000 * SECOND)
    source = World([1, other, 2]).open()
    frames = list(islice(source, 3))
    assert [frame.pixels.shape for frame in frames] == [(2, 4)] * 3
    assert levels(frames) == [1, 9, 2]
    assert dict(source.health.counts) == {"resized": 1}
    assert source.health.last_error == "cam: frames are now 8x8; livefilter scales them to 4x2"


def test_times_that_make_no_sense_are_counted_and_replaced() -> None:
    """Not a number, and back in time; the frames' times grow all the same."""
    stamps = [10.0, float("nan"), 10.08, 3.0]
    pictures = [
        CapturedFrame(np.full((2, 4), at, np.uint8), (1000 * SECOND) + at * 40_000_000, stamp)
        for at, stamp in enumerate(stamps)
    ]
    source = World(pictures).open()
    times = [frame.time_s for frame in islice(source, 4)]
    assert times == [0, Fraction(1, 25), Fraction(2, 25), Fraction(3, 25)]
    assert dict(source.health.counts) == {"time": 2}


def test_a_server_that_starts_over_counts_its_stamps_anew() -> None:
    """Which is no nonsense after a reconnection: time goes on by the clock, and then by the new stamps."""
    first, second, third = (
        CapturedFrame(np.full((2, 4), at, np.uint8), round((1000 + seconds) * SECOND), stamp)
        for at, (seconds, stamp) in enumerate([(0, 90.0), (20, 3.0), (20.9, 4.0)])
    )
    source = World([first], [second, third]).open()
    assert [float(frame.time_s) for frame in islice(source, 3)] == [0.0, 20.0, 21.0]
    assert dict(source.health.counts) == {"lost": 1}


def test_what_a_connection_counts_is_added_up_over_all_of_them() -> None:
    """Damage is a loss; a frame that was replaced by a newer one is not."""
    world = World([1, 2, 3], [4, 5])
    source = world.open()
    frames = iter(source)
    next(frames)
    world.threads[0].counts = {"dropped": 4}
    next(frames)
    world.threads[0].counts = {"dropped": 6, "damaged": 3, "empty": 1}
    next(frames)
    assert dict(source.health.counts) == {"dropped": 6, "damaged": 3, "empty": 1}
    assert source.loss == "cam: 3 damaged packets could not be decoded"
    next(frames)
    world.threads[1].counts = {"dropped": 1, "damaged": 1}
    next(frames)
    assert dict(source.health.counts) == {"dropped": 7, "damaged": 4, "empty": 1, "lost": 1}
    assert source.loss == "cam: interrupted once, 0.5 s without frames; 4 damaged packets could not be decoded"


def test_a_mirror_turns_left_and_right_round() -> None:
    """And leaves up and down."""
    picture = CapturedFrame(np.array([[1, 2], [3, 4]], np.uint8), 0)
    assert next(iter(World([picture]).open(mirror=True))).pixels.tolist() == [[2, 1], [4, 3]]


def test_colors_are_scaled_and_mirrored_as_the_gray_is() -> None:
    """A camera that comes back in another size; its gray stays its own."""
    rng = np.random.default_rng(5)
    grays = [rng.integers(0, 256, size, np.uint8) for size in ((6, 8), (12, 16))]
    colors = [rng.integers(0, 256, (*gray.shape, 3), np.uint8) for gray in grays]
    pictures = [CapturedFrame(gray, at * SECOND, bgr=colors[at]) for at, gray in enumerate(grays)]
    first, second = islice(World(pictures).open(mirror=True, color="rgb"), 2)
    assert first.gray.tolist() == grays[0][:, ::-1].tolist()
    assert first.pixels.tolist() == colors[0][:, ::-1].tolist()
    assert (second.gray.shape, second.pixels.shape) == ((6, 8), (6, 8, 3))
    means = [colors[1][..., channel].reshape(6, 2, 8, 2).mean((1, 3))[:, ::-1] for channel in range(3)]
    np.testing.assert_allclose(second.pixels, np.dstack(means), atol=0.5)


def test_the_color_is_asked_of_each_new_connection() -> None:
    """Also when it changed in the meantime; a gray picture that waited does not come in a stream with colors."""
    world = World([1, 2, SourceError("cam: cable pulled")], [3, 4])
    source = world.open()
    source.set_color("rgb")
    frames = list(islice(source, 3))
    assert levels([replace(frame, pixels=frame.gray) for frame in frames]) == [2, 3, 4]
    assert [frame.pixels.shape for frame in frames] == [(2, 4, 3)] * 3
    source.set_color("gray")
    assert world.threads[-1].color == "gray"


def test_a_mistake_in_the_program_is_not_taken_for_a_lost_stream() -> None:
    """It is raised where the frames are taken, not tried again for ever."""
    source = World([1, ZeroDivisionError()]).open()
    frames = iter(source)
    next(frames)
    with pytest.raises(ZeroDivisionError):
        next(frames)
    with pytest.raises(ZeroDivisionError):
        list(World([1], [ZeroDivisionError()]).open())


@pytest.mark.parametrize("script", [[1, BLOCKED], [1, SourceError("cam: gone")]])
def test_it_ends_when_it_is_told_to_stop(script: list[Event]) -> None:
    """While it waits for a picture, and while it waits to reconnect; what is missing is named."""
    world = World(script)
    source = world.open(should_stop=lambda: world.clock() > 1030)
    assert levels(list(source)) == [1]
    assert world.clock() < 1031
    assert source.health.state == "ended"
    assert source.loss is not None
    assert "interrupted once, 30." in source.loss


def test_it_can_be_told_to_stop_before_the_first_picture() -> None:
    """That is an interrupt, not an input that cannot be read."""
    world = World([BLOCKED])
    with pytest.raises(KeyboardInterrupt):
        world.open(should_stop=lambda: world.clock() > 1001)
    assert world.threads[0].is_abandoned


def test_closing_ends_the_stream_for_the_thread_that_reads_it() -> None:
    """With real threads: a reader that blocks is left behind, and the iteration ends at once."""
    is_blocked, may_return = threading.Event(), threading.Event()

    class Stuck(Facts):
        def __init__(self) -> None:
            self.given = 0

        def read(self, color: Color) -> CapturedFrame:
            self.given += 1
            if self.given > 1:
                is_blocked.set()
                assert may_return.wait(20)
            return CapturedFrame(np.zeros((2, 4), np.uint8), self.given)

        def close(self) -> None:
            pass

    threads: list[ReaderThread] = []

    def start_thread(name: str, open_reader: Callable[[], Reader], color: Color) -> ReaderThread:
        threads.append(ReaderThread(name, open_reader, color))
        return threads[-1]

    source = ReconnectingSource("cam", Stuck, SourceOptions(read_timeout_s=60.0), start_thread=start_thread)
    seen: list[int] = []
    reading = threading.Thread(target=lambda: seen.extend(frame.index for frame in source))
    reading.start()
    assert is_blocked.wait(20)
    closing = threading.Thread(target=source.close)
    closing.start()
    reading.join(20)
    assert not reading.is_alive()
    may_return.set()
    closing.join(20)
    threads[0].join(20)
    assert not threads[0].is_alive
    assert seen == [0]


def test_a_connection_made_while_another_thread_closes_is_left() -> None:
    """The source is closed between two connections: the new one would otherwise hold the camera for good."""

    class Closing(World):
        """Closes the source while it connects again, as another thread may."""

        source: ReconnectingSource | None = None

        def start_thread(self, name: str, open_reader: Callable[[], Reader], color: Color) -> Any:
            """Close, and connect all the same."""
            if self.source is not None:
                self.source.close()
            return super().start_thread(name, open_reader, color)

    world = Closing([10], [20])
    source = world.source = world.open()
    assert levels(list(source)) == [10]
    assert [link.is_abandoned for link in world.threads] == [True, True]


def test_a_source_that_was_closed_gives_no_frame() -> None:
    """Not even the first one, which it had when it was opened."""
    source = World([10, 20]).open()
    source.close()
    assert list(source) == []


def test_a_poll_waits_no_longer_than_it_may_and_sees_what_iterating_sees() -> None:
    """Also while the connection is lost; the first frame of a new one does not continue the old."""
    world = World([3, 0.3, 4, SourceError("cam: gone")], [SourceError("cam: refused")], [5])
    source = world.open(retry_wait_s=1)
    polls: list[int | None] = []
    while not polls or polls[-1] != 5:
        before_s = world.clock()
        frame = source.poll(0.05)
        assert world.clock() - before_s <= 0.11  # One wait between two attempts.
        polls.append(None if frame is None else levels([frame])[0])
        if frame is not None:
            assert frame.is_discontinuity == (polls[-1] == 5)
    assert [level for level in polls if level is not None] == [3, 4, 5]
    assert polls.count(None) > 5
    assert not source.is_over
    source.close()
    assert source.poll(0.05) is None
    assert source.is_over
