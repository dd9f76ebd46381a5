"""Rounds of two, whose order turns; caches that are swept; ratios of neighbours."""

from __future__ import annotations

import threading
from functools import partial
from pathlib import Path

import numpy as np
import pytest

# Private: the rounds are tested with calls of known length.
from livefilter.bench import Job, _measure, cache_bytes, flushing_caches
from livefilter.frame import Pixels


def _ours(image: Pixels, out: Pixels) -> None:
    """Stand for livefilter."""


def _theirs(image: Pixels, out: Pixels) -> None:
    """Stand for a rival."""


def test_the_order_turns_from_round_to_round() -> None:
    """A B, B A, A B: who comes first has no advantage."""
    ran = []

    def timed(run: object) -> float:
        ran.append(run)
        return 1.0

    pair = _measure._pair(timed, _ours, _theirs, 3)
    assert ran == [_ours, _theirs, _theirs, _ours, _ours, _theirs]
    assert pair.rounds == 3


def test_the_ratio_is_the_median_of_those_within_a_round() -> None:
    """A machine that is ten times slower in one round changes both of it, and no ratio."""
    seconds = {_ours: iter([0.001, 0.010, 0.001, 0.001]), _theirs: iter([0.002, 0.020, 0.004, 0.002])}
    pair = _measure._pair(lambda run: next(seconds[run]), _ours, _theirs, 4)  # type: ignore[index]
    assert pair.ratio == pytest.approx(2)
    assert [pair.ours_ms, pair.theirs_ms] == pytest.approx([1, 3])


def test_a_single_round_has_no_spread() -> None:
    """The shortest run of all is still one."""
    assert _measure._pair(lambda run: 0.5, _ours, _theirs, 1) == _measure.Pair(500, 500, 1, 0, 1)


def test_who_takes_long_has_fewer_rounds(monkeypatch: pytest.MonkeyPatch) -> None:
    """But never less than three, as long as so many are wanted."""
    monkeypatch.setattr(_measure, "_MAX_PAIR_S", 0.0)
    assert _measure._pair(lambda run: 1.0, _ours, _theirs, 31).rounds == 3
    assert _measure._pair(lambda run: 1.0, _ours, _theirs, 2).rounds == 2


def test_a_sweep_reads_more_than_the_caches_hold_on_every_core(monkeypatch: pytest.MonkeyPatch) -> None:
    """Memory that is really there, twice the size, read by as many threads as work on a frame."""
    made: list[_Counting] = []

    def ones(size: int, dtype: type) -> _Counting:
        made.append(_Counting(size))
        return made[-1]

    monkeypatch.setattr(np, "ones", ones)
    with flushing_caches(3) as sweep:
        sweep()
    (memory,) = made
    assert memory.size == 2 * cache_bytes()
    assert len(memory.readers) == 3
    assert threading.get_ident() in memory.readers


class _Counting:
    """An array that notes which threads read it; each waits for the others."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.readers: set[int] = set()
        self._all_here = threading.Barrier(3)

    def max(self) -> None:
        self.readers.add(threading.get_ident())
        self._all_here.wait(20)


def test_the_caches_are_as_large_as_the_system_says(tmp_path: Path) -> None:
    """All levels together, in the units that Linux writes; a guess on other systems."""
    for index, size in enumerate(("48K", "2048K", "32M")):
        (tmp_path / f"index{index}").mkdir()
        (tmp_path / f"index{index}" / "size").write_text(f"{size}\n")
    assert cache_bytes(tmp_path) == (48 << 10) + (2 << 20) + (32 << 20)
    assert cache_bytes(tmp_path / "missing") == 64 << 20


def test_a_cold_call_is_swept_for_and_a_hot_one_is_warmed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Cold calls come once after each sweep; hot ones follow others of their own."""
    calls: list[str] = []
    job = _job_that_notes(calls)
    monkeypatch.setattr(_measure, "verify", lambda *_: None)
    monkeypatch.setattr(_measure, "fastest_opencv", lambda *_: ("theirs", lambda image, out: calls.append("theirs")))

    class Sweeping:
        def __enter__(self) -> object:
            return lambda: calls.append("sweep")

        def __exit__(self, *_: object) -> None:
            """Nothing to close."""

    monkeypatch.setattr(_measure, "flushing_caches", lambda threads: Sweeping())
    measure_alone = partial(
        _measure.measure, job, "small", (8, 8), threads=1, rounds=1, competitors=lambda job, image: ()
    )
    measure_alone(is_cold=True)
    assert calls == ["sweep", "ours", "sweep", "theirs", "sweep", "ours", "sweep"]
    calls.clear()
    monkeypatch.setattr(_measure, "_WARM_S", 0.0)
    measure_alone(is_cold=False)
    assert calls == ["ours", "ours", "theirs", "theirs", "ours", "ours"]


def _job_that_notes(calls: list[str]) -> Job:
    return Job("noted", (), None, lambda threads: lambda image, out: calls.append("ours"))
