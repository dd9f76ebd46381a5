"""The soak finds what a pipeline does wrong again and again, and forgives what a busy machine does once."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import pytest

from livefilter.testing.soak import Latency, Piece, Sample, cut, growth, problems

PERIOD_MS = 33.3
Change = Callable[[float, Sample], Sample]


def run(
    change: Change = lambda share, sample: sample,
    latency_ms: Callable[[float], float] = lambda share: 4.0,
) -> list[Piece]:
    """A run of ten minutes with twenty samples a second, whose memory goes up and down by 3 MB, and its pieces.

    Args:
        change: What is made of a sample, by the share of the run that is over.
        latency_ms: Of the frames, by the same.
    """
    samples, latencies = [], []
    for number in range(12_000):
        share, at_s = number / 12_000, 1000 + number / 20
        resident = 300_000_000 + round(3e6 * math.sin(number))
        samples.append(change(share, Sample(at_s, resident, 9 + number % 3, 40, 0)))
        latencies.append(Latency(at_s, latency_ms(share) + 2 * (number % 5)))
    return cut(samples, latencies)


def test_a_run_that_stays_as_it_is_has_no_problem() -> None:
    """Memory that comes and goes, and threads that start and end, are no growth."""
    assert len(run()) == 10
    assert problems(run(), PERIOD_MS) == []


def test_one_disturbed_piece_is_no_problem() -> None:
    """Everything at once for a whole minute: 200 MB more, more threads and descriptors, late and dropped frames."""
    for piece in (0, 4, 9):

        def is_disturbed(share: float, piece: int = piece) -> bool:
            return piece <= share * 10 < piece + 1

        def disturb(share: float, sample: Sample, is_disturbed: Callable[[float], bool] = is_disturbed) -> Sample:
            if not is_disturbed(share):
                return sample
            return replace(sample, resident_bytes=500_000_000, threads=30, descriptors=90, dropped=2)

        pieces = run(disturb, lambda share, is_disturbed=is_disturbed: 400.0 if is_disturbed(share) else 4.0)  # type: ignore[misc]
        assert max(piece.p99_ms for piece in pieces) > 400
        assert problems(pieces, PERIOD_MS) == []


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (
            lambda share, sample: replace(sample, resident_bytes=sample.resident_bytes + round(8e6 * share)),
            "memory grew by 7.2 MB",
        ),
        (lambda share, sample: replace(sample, threads=sample.threads + (share > 0.5)), "threads became more"),
        (
            lambda share, sample: replace(sample, descriptors=sample.descriptors + int(share * 4)),
            "descriptors became more",
        ),
        (
            lambda share, sample: replace(sample, dropped=int(share * 12_000) % 3600 == 600),
            "4 frames dropped in 4 of 10 pieces, while neither source nor machine stalled",
        ),
    ],
    ids=["memory", "threads", "descriptors", "drops"],
)
def test_a_leak_and_drops_are_found(change: Change, problem: str) -> None:
    """Eight megabytes in ten minutes, one thread more, a descriptor every few minutes, a frame every three."""
    assert problems(run(change), PERIOD_MS) == [problem]


def test_latency_that_drifts_is_found_before_it_is_too_high() -> None:
    """From 4 to 16 ms in ten minutes."""
    assert problems(run(latency_ms=lambda share: 4 + 12 * share), PERIOD_MS) == ["latency grew by 10.8 ms"]


def test_latency_that_is_too_high_is_found() -> None:
    """A frame in fifty is late, in every piece."""
    late = problems(run(latency_ms=lambda share: 4 + 50 * (share * 12_000 % 50 < 1)), PERIOD_MS)
    assert late == ["latency p99 54.0 ms, more than a frame's 33.3"]


def test_growth_is_the_median_slope() -> None:
    """Exact for a line, whatever one value does, and nothing of one value alone."""
    assert growth([1, 2, 3, 4, 5]) == 4
    assert growth([1, 2, 300, 4, 5]) == 4
    assert growth([5]) == growth([]) == 0


def test_a_run_without_samples_is_not_called_good() -> None:
    """There is nothing to judge."""
    assert problems(cut([], []), PERIOD_MS) == ["the run was too short to be judged"]
