"""Stress test of the threads that share a frame: ``python -m livefilter.testing.stress``.

Many more Python threads than processors call filters at once, each call with up to eight threads of a team that is
larger than the machine, too. Every result is compared with that of one thread, byte by byte. Callers pause now and
then, so that workers fall asleep and are woken. It takes 30 seconds by default; the exit code is 1 if a result is
wrong, a call fails, or a caller does not return in time.
"""

from __future__ import annotations

import argparse
import faulthandler
import random
import sys
import threading
import time
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from livefilter.compiler import Filter, Filtered
from livefilter.compiler.threads import ThreadTeam, TiledCall, using_team
from livefilter.cpus import usable_cpus
from livefilter.frame import Pixels
from livefilter.testing._waiting import wait_until

_PRESETS = ("edge", "blur", "sharpen")
_THREADS = (2, 3, 8)
_SHAPES = ((120, 160), (121, 333), (7, 640), (480, 640))
_CALLERS_PER_CPU = 8
_PAUSES_S = (0.0, 0.0, 0.0, 0.0002, 0.002)
"""Between two calls: workers sleep after 0.1 ms without a frame."""
_READY_S = 60.0
"""How long the team may take to start: the first one compiles what its threads run."""
_END_S = 30.0
"""How long callers may take to return after the time is up."""


class _CountingTeam(ThreadTeam):
    """A team that counts the frames that workers helped with."""

    shared = 0

    def run(self, call: TiledCall, frames: Sequence[NDArray[Any]]) -> bool:
        """Compute a result together with the workers, and count it."""
        is_shared = super().run(call, frames)
        self.shared += is_shared
        return is_shared


def stress(seconds: float, *, callers: int | None = None) -> list[str]:
    """Call filters from many threads for a while, print figures, and return what went wrong.

    Args:
        seconds: How long.
        callers: Number of Python threads; eight for each processor by default.
    """
    count = callers if callers is not None else _CALLERS_PER_CPU * usable_cpus()
    rng = np.random.default_rng(0)
    images = [rng.integers(0, 256, shape, dtype=np.uint8) for shape in _SHAPES]
    alone = {name: Filter(name, threads=1) for name in _PRESETS}
    expected = {(name, at): alone[name](image) for name in _PRESETS for at, image in enumerate(images)}
    filters = [(name, Filter(name, threads=threads)) for name in _PRESETS for threads in _THREADS]
    is_over, calls, wrong = threading.Event(), Counter[int](), Counter[str]()

    def call_on(caller: int) -> None:
        chance = random.Random(caller)
        outs = [np.empty_like(image) for image in images]
        try:
            while not is_over.wait(chance.choice(_PAUSES_S)):
                name, filter_ = chance.choice(filters)
                at = chance.randrange(len(images))
                outs[at].fill(chance.randrange(256))
                if not _is_equal(filter_(images[at], outs[at]), outs[at], expected[name, at]):
                    wrong[f"{name}, {_SHAPES[at][1]}x{_SHAPES[at][0]}: not what one thread makes"] += 1
                calls[caller] += 1
        except Exception as error:  # Whatever it is, a call must not fail.
            wrong[f"{type(error).__name__}: {error}"] += 1

    team = _CountingTeam(max_workers=max(_THREADS) - 1, min_share_us=1e-9)
    with using_team(team):
        wait_until(lambda: team.start(max(_THREADS) - 1) and all(team.thread_ids), timeout_s=_READY_S)
        threads = [threading.Thread(target=call_on, args=(caller,), daemon=True) for caller in range(count)]
        for thread in threads:
            thread.start()
        is_over.wait(seconds)
        is_over.set()
        ends_s = time.monotonic() + _END_S
        for thread in threads:
            thread.join(max(0.0, ends_s - time.monotonic()))
    hung = sum(thread.is_alive() for thread in threads)
    print(f"{calls.total()} calls by {count} threads on {usable_cpus()} processors, {team.shared} shared with workers")
    if hung:
        faulthandler.dump_traceback(all_threads=True)
    problems = [f"{what} ({times} times)" for what, times in wrong.items()]
    problems += [f"{hung} of {count} callers did not return within {_END_S:g} s"] if hung else []
    problems += [] if team.shared else ["no frame was shared with a worker"]
    return problems


def _is_equal(found: Filtered, out: Pixels, expected: Filtered) -> bool:
    return found.image is out and np.array_equal(out, expected.image) and found.score == expected.score


def main() -> None:
    """Stress for as long as the command line says."""
    parser = argparse.ArgumentParser(description="Call filters from many threads, and check every byte.")
    parser.add_argument("--seconds", type=float, default=30, help="default: 30")
    problems = stress(parser.parse_args().seconds)
    for problem in problems:
        print(f"wrong: {problem}", file=sys.stderr)
    sys.exit(bool(problems))


if __name__ == "__main__":
    main()
