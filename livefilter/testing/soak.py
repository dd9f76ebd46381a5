"""``python -m livefilter.testing.soak``: does a live pipeline stay as it is for as long as it runs?

A source of 1280x720 at 30 frames per second stalls for a second every half minute, as a network does, and then gives
what has gathered at once; the preset changes every two seconds. Memory, threads and descriptors must stay flat after
the first minute, 99 % of the frames must reach a sink within one frame's time, and frames may be dropped only around a
stall. Ten minutes unless told otherwise; exit code 1 if anything does not hold.

A second process sleeps for five milliseconds at a time. Where even that wakes up too late, the machine had no time for
anybody; drops at such moments are told apart, and are not held against the pipeline.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import cycle, pairwise
from pathlib import Path
from statistics import median

import numpy as np

from livefilter.compiler import Filter
from livefilter.frame import Frame
from livefilter.kernels import EdgeScore
from livefilter.pipeline import Live
from livefilter.presets import list_presets
from livefilter.sinks import ScoreSink, Sink
from livefilter.sources import Source, SourceFacts

_RATE = Fraction(30)
_SHAPE = (720, 1280)
_PICTURES = 16
_SWITCH_S, _STALL_EVERY_S, _STALL_S = 2.0, 30.0, 1.0
_SETTLED_S = 60.0
"""When everything that is loaded once has been loaded: all presets, that is, in half a minute."""
_MOST_GROWN_BYTES = 5 << 20
_NEAR_S = 0.2
"""Before a stall and after it, in which frames may be dropped too: the time between two samples."""


_METRONOME = """
import sys, time
while True:
    began = time.monotonic()
    time.sleep(0.005)
    ended = time.monotonic()
    if ended - began > 0.015:
        print(began, ended, flush=True)
"""


class _Metronome:
    """Notes when the machine was too busy to wake a process in time. Use it in a ``with``."""

    def __enter__(self) -> _Metronome:
        self._child = subprocess.Popen([sys.executable, "-c", _METRONOME], stdout=subprocess.PIPE, text=True)
        return self

    def __exit__(self, *_: object) -> None:
        self._child.kill()
        lines = self._child.communicate()[0].splitlines()
        self.late = [(float(began), float(ended)) for began, ended in (line.split() for line in lines)]


class _Stalling(Source):
    """A live source that stalls now and then, and gives what has gathered afterwards.

    Attributes:
        stalls: When each stall began and ended, on the monotonic clock, in seconds.
    """

    def __init__(self, seconds: float) -> None:
        self.loss: str | None = None
        self.facts = SourceFacts("soak", _SHAPE, _RATE, Fraction(1, 90_000), is_live=True)
        self.stalls: list[tuple[float, float]] = []
        self._seconds = seconds
        rows, cols = np.indices(_SHAPE)
        noise = np.random.default_rng(0)
        self._pictures = [
            ((rows + cols * 2 + 40 * at) % 256 // 2 + noise.integers(0, 40, _SHAPE)).astype(np.uint8)
            for at in range(_PICTURES)
        ]

    def __iter__(self) -> Iterator[Frame]:
        started_s = time.monotonic()
        until_s = stall_s = started_s + _STALL_EVERY_S
        for index in range(round(self._seconds * _RATE)):
            due_s = started_s + float(index / _RATE)
            if due_s >= stall_s:
                until_s = stall_s + _STALL_S
                self.stalls.append((stall_s, until_s))
                stall_s += _STALL_EVERY_S
                due_s = until_s
            elif self.stalls and due_s < until_s:
                due_s = until_s
            time.sleep(max(0.0, due_s - time.monotonic()))
            yield Frame(self._pictures[index % _PICTURES], index, index / _RATE, time.monotonic_ns())

    def close(self) -> None:
        """Do nothing: it holds nothing open."""


class _Viewer(Sink):
    """Notes when pictures come.

    Attributes:
        came_s: When each came, of the last ones.
    """

    def __init__(self) -> None:
        self.target = "a viewer"
        self.longest_s = 0.0
        self._last_s: float | None = None
        self.is_stalled = False

    def write(self, frame: Frame, score: EdgeScore) -> None:
        """Note how long there was none, unless the source stalls."""
        now_s = time.monotonic()
        if self._last_s is not None and not self.is_stalled:
            self.longest_s = max(self.longest_s, now_s - self._last_s)
        self._last_s = now_s

    def finish(self, *, is_complete: bool = True) -> str | None:
        """Return that there is nothing to keep."""
        return None

    def discard(self) -> None:
        """Do nothing."""


@dataclass(frozen=True, slots=True)
class _Sample:
    at_s: float
    resident_bytes: int
    threads: int
    descriptors: int
    dropped: int


def _sample(live: Live) -> _Sample:
    """Return what there is now; zero where the system does not tell."""
    resident, descriptors = 0, 0
    if sys.platform == "linux":
        resident = int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
        descriptors = len(os.listdir("/proc/self/fd"))
    dropped = sum(live.stats.snapshot().dropped.values())
    return _Sample(time.monotonic(), resident, threading.active_count(), descriptors, dropped)


def soak(seconds: float) -> list[str]:
    """Run for so long, print figures, and return what does not hold."""
    names = list_presets()
    for name in names:
        Filter(name).prepare().result()
    source, viewer = _Stalling(seconds), _Viewer()
    samples: list[_Sample] = []
    with tempfile.TemporaryDirectory() as folder, _Metronome() as metronome:
        live = Live(source, names[0])
        live.add_sink("viewer", viewer, is_newest=True)
        live.add_sink("scores", ScoreSink(Path(folder) / "scores.csv"), needs_pictures=False)
        _watch(live, source, viewer, samples, names)
        summary = live.summary(is_interrupted=False)
    settled = min(_SETTLED_S, max(seconds * 0.6, 2.2 * len(names)))
    steady = [sample for sample in samples if sample.at_s >= samples[0].at_s + settled] or samples[-1:]
    p99_ms = live.stats.snapshot().total_latency["viewer"].p99_ms
    away = _strays(samples, source.stalls)
    strays = _strays(samples, [*source.stalls, *metronome.late])
    part = max(1, len(steady) // 5)  # Medians, since what waits in queues comes and goes.
    begin, end = (median(sample.resident_bytes for sample in some) for some in (steady[:part], steady[-part:]))
    grown = end - begin
    print(
        f"{summary.frames} frames, {summary.seconds:.0f} s, {len(source.stalls)} stalls; "
        f"dropped {live.stats.snapshot().dropped}, {away} outside of stalls, {strays} of them "
        f"while the machine had time (it had none {len(metronome.late)} times); "
        f"latency p99 {p99_ms:.1f} ms; longest gap outside of stalls {viewer.longest_s * 1000:.0f} ms; "
        f"after {settled:.0f} s: memory {begin / 1e6:.1f} MB {grown / 1e6:+.1f}, "
        f"threads {_span(steady, 'threads')}, descriptors {_span(steady, 'descriptors')}"
    )
    period_ms = float(1000 / _RATE)
    return [
        problem
        for problem, is_so in (
            (f"memory grew by {grown / 1e6:.1f} MB after {settled:.0f} s", grown > _MOST_GROWN_BYTES),
            (f"latency p99 {p99_ms:.1f} ms, more than a frame's {period_ms:.1f}", p99_ms > period_ms),
            (f"{strays} frames dropped while neither source nor machine stalled", strays > 0),
            ("threads became more", _grew(steady, "threads")),
            ("descriptors became more", _grew(steady, "descriptors")),
        )
        if is_so
    ]


def _watch(live: Live, source: _Stalling, viewer: _Viewer, samples: list[_Sample], names: Sequence[str]) -> None:
    """Run a pipeline to its end, change its preset now and then, and take samples."""
    wishes = cycle(names)
    next(wishes)
    switch_s = time.monotonic() + _SWITCH_S
    with live:
        while not live.is_over:
            now_s = time.monotonic()
            if now_s >= switch_s:
                live.preset.switch(next(wishes))
                switch_s += _SWITCH_S
            live.tend()
            samples.append(_sample(live))
            viewer.is_stalled = any(start - _NEAR_S <= now_s <= end + _NEAR_S for start, end in source.stalls[-1:])
            time.sleep(0.05)


def _strays(samples: Sequence[_Sample], stalls: Sequence[tuple[float, float]]) -> int:
    """Return how many frames were dropped at a time when the source did not stall."""
    return sum(
        after.dropped - before.dropped
        for before, after in pairwise(samples)
        if not any(start - _NEAR_S <= after.at_s <= end + _NEAR_S for start, end in stalls)
    )


def _span(samples: Sequence[_Sample], what: str) -> str:
    values = [getattr(sample, what) for sample in samples]
    return f"{min(values)} to {max(values)}"


def _grew(samples: Sequence[_Sample], what: str) -> bool:
    """Return whether there are more at the end than at the start, in the calm between two switches."""
    third = max(1, len(samples) // 3)
    return bool(
        min(getattr(one, what) for one in samples[-third:]) > min(getattr(one, what) for one in samples[:third])
    )


def main() -> None:
    """Soak for as long as the command line says."""
    parser = argparse.ArgumentParser(description="Run a live pipeline for long, and check that it stays as it is.")
    parser.add_argument("--seconds", type=float, default=600, help="600 unless given")
    problems = soak(parser.parse_args().seconds)
    for problem in problems:
        print(f"does not hold: {problem}", file=sys.stderr)
    sys.exit(bool(problems))


if __name__ == "__main__":
    main()
