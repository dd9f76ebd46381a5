"""Soak test: ``python -m livefilter.testing.soak`` runs a live pipeline for long and checks that it stays as it is.

A source of 1280x720 at 30 frames per second stalls for a second every half minute, as a network does, and then gives
what has gathered at once; the preset changes every two seconds. After the first minute memory, threads, descriptors and
latency must stay flat, 99 % of the frames must reach a sink within one frame's time, and frames may be dropped only
around a stall. The run is judged by medians over ten pieces (see ``_steadiness``), so that one moment in which the
machine was busy does not fail it. It takes ten minutes by default; the exit code is 1 if anything does not hold.

A second process sleeps for five milliseconds at a time. Where even that wakes up too late, the machine had no time for
any process; drops at such moments are counted apart and not held against the pipeline.
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
from dataclasses import replace
from fractions import Fraction
from itertools import cycle, pairwise
from pathlib import Path

import numpy as np

from livefilter.analysis import Result
from livefilter.compiler import Filter
from livefilter.frame import Frame
from livefilter.pipeline import LivePipeline, low_latency
from livefilter.presets import list_presets
from livefilter.sinks import ScoreSink, Sink
from livefilter.sources import Source, SourceFacts
from livefilter.testing._steadiness import Latency, Piece, Sample, cut, growth, problems

__all__ = ["Latency", "Piece", "Sample", "cut", "growth", "main", "problems", "soak"]

_RATE = Fraction(30)
_SHAPE = (720, 1280)
_PICTURES = 16
_PRESET_SWITCH_S, _STALL_EVERY_S, _STALL_S = 2.0, 30.0, 1.0
_SETTLED_S = 60.0
"""When everything that is loaded once has been loaded: all presets, that is, in half a minute."""
_NEAR_S = 0.2
"""Before a stall and after it, in which frames may be dropped too: the time between two samples."""
_END_S = 20.0
"""Deadline for the second process to end."""


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
        lines = self._child.communicate(timeout=_END_S)[0].splitlines()
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
    """Notes how old each picture is when it comes.

    Attributes:
        latencies: Of all pictures.
        longest_s: The longest time without a picture while the source did not stall.
        is_stalled: Whether the source stalls.
    """

    def __init__(self) -> None:
        self.target = "a viewer"
        self.latencies: list[Latency] = []
        self.longest_s = 0.0
        self._last_s: float | None = None
        self.is_stalled = False

    def write(self, result: Result) -> None:
        """Note its age, and how long there was none before it."""
        now_ns = time.monotonic_ns()
        now_s = now_ns / 1e9
        self.latencies.append(Latency(now_s, (now_ns - result.frame.captured_ns) / 1e6))
        if self._last_s is not None and not self.is_stalled:
            self.longest_s = max(self.longest_s, now_s - self._last_s)
        self._last_s = now_s

    def finish(self, *, is_complete: bool = True, end_s: Fraction | None = None) -> str | None:
        """Return that there is nothing to keep."""
        return None

    def discard(self) -> None:
        """Do nothing."""


def _sample(live: LivePipeline) -> Sample:
    """Return the state now, with all frames that were dropped so far; zero where the system does not say."""
    resident, descriptors = 0, 0
    if sys.platform == "linux":
        resident = int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
        descriptors = len(os.listdir("/proc/self/fd"))
    dropped = sum(live.stats.snapshot().dropped.values())
    return Sample(time.monotonic(), resident, threading.active_count(), descriptors, dropped)


def soak(seconds: float) -> list[str]:
    """Run for so long, print figures, and return what does not hold."""
    names = list_presets()
    for name in names:
        Filter(name).prepare().result()
    source, viewer = _Stalling(seconds), _Viewer()
    samples: list[Sample] = []
    with tempfile.TemporaryDirectory() as folder, _Metronome() as metronome:
        live = LivePipeline(source, names[0])
        live.add_sink("viewer", viewer, drop_oldest=True)
        live.add_sink("scores", ScoreSink(Path(folder) / "scores.csv"))
        with low_latency():  # As the command does.
            _watch(live, source, viewer, samples, names)
        summary = live.summary(is_interrupted=False)
    settled_s = min(_SETTLED_S, max(seconds * 0.6, 2.2 * len(names)))
    away = list(_strays(samples, source.stalls))
    strays = list(_strays(samples, [*source.stalls, *metronome.late]))
    pieces = cut([sample for sample in strays if sample.at_s >= samples[0].at_s + settled_s], viewer.latencies)
    print(
        f"{summary.frames} frames, {summary.seconds:.0f} s, {len(source.stalls)} stalls; "
        f"dropped {live.stats.snapshot().dropped}, {_dropped(away)} outside of stalls, {_dropped(strays)} of them "
        f"while the machine had time (it had none {len(metronome.late)} times); "
        f"longest gap outside of stalls {viewer.longest_s * 1000:.0f} ms; "
        f"after {settled_s:.0f} s, in {len(pieces)} pieces: "
        f"memory {_series(pieces, 'resident_bytes', 1e6)} MB, latency {_series(pieces, 'p50_ms')} ms, "
        f"p99 {_series(pieces, 'p99_ms')} ms, threads {_series(pieces, 'threads')}, "
        f"descriptors {_series(pieces, 'descriptors')}, dropped {_series(pieces, 'dropped')}"
    )
    return problems(pieces, float(1000 / _RATE))


def _watch(live: LivePipeline, source: _Stalling, viewer: _Viewer, samples: list[Sample], names: Sequence[str]) -> None:
    """Run a pipeline to its end, change its preset now and then, and take samples."""
    wishes = cycle(names)
    next(wishes)
    switch_s = time.monotonic() + _PRESET_SWITCH_S
    with live:
        while not live.is_over:
            now_s = time.monotonic()
            if now_s >= switch_s:
                live.preset.switch(next(wishes))
                switch_s += _PRESET_SWITCH_S
            live.service()
            samples.append(_sample(live))
            viewer.is_stalled = any(start - _NEAR_S <= now_s <= end + _NEAR_S for start, end in source.stalls[-1:])
            time.sleep(0.05)


def _strays(samples: Sequence[Sample], stalls: Sequence[tuple[float, float]]) -> Iterator[Sample]:
    """Yield each sample with the frames that were dropped since the one before it, none where there was a stall."""
    for before, after in pairwise(samples):
        is_stalled = any(start - _NEAR_S <= after.at_s <= end + _NEAR_S for start, end in stalls)
        yield replace(after, dropped=0 if is_stalled else after.dropped - before.dropped)


def _dropped(samples: Sequence[Sample]) -> int:
    return sum(sample.dropped for sample in samples)


def _series(pieces: Sequence[Piece], what: str, unit: float = 1) -> str:
    return " ".join(f"{getattr(piece, what) / unit:.3g}" for piece in pieces)


def main() -> None:
    """Soak for as long as the command line says."""
    parser = argparse.ArgumentParser(description="Run a live pipeline for long, and check that it stays as it is.")
    parser.add_argument("--seconds", type=float, default=600, help="default: 600")
    found = soak(parser.parse_args().seconds)
    for problem in found:
        print(f"does not hold: {problem}", file=sys.stderr)
    sys.exit(bool(found))


if __name__ == "__main__":
    main()
