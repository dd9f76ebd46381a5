"""Halide's schedules give the pixels and scores of livefilter."""

from __future__ import annotations

import json
from collections.abc import Iterator

import numpy as np
import pytest

from livefilter.bench import Job, MismatchError, Run, all_jobs, jobs_named, measure
from livefilter.frame import Pixels
from tests.bench.__main__ import run
from tests.bench.halide_schedules import halide_competitor, has_schedule

SMALL = (64, 96)


def _measured(name: str) -> dict[str, object]:
    (job, *_) = jobs_named((name,))
    made = measure(job, "small", SMALL, threads=1, is_cold=False, rounds=1, competitors=halide_competitor)
    return dict(made.pairs)


@pytest.mark.parametrize("name", ["two scores", "4 steps"])
def test_a_schedule_gives_the_pixels_and_scores_of_livefilter(name: str) -> None:
    """Measuring compares all outputs, so that it ends without an error is the proof."""
    pytest.importorskip("halide", reason="Halide has no package for this Python")
    assert list(_measured(name)) == ["OpenCV", "copy", "Halide"]


def test_a_job_without_a_schedule_is_measured_without_halide() -> None:
    """Absolute values have no schedule, and are not an error."""
    assert list(_measured("preset sobel-vertical")) == ["OpenCV", "copy"]


def test_most_jobs_have_a_schedule() -> None:
    """All single kernels do, and chains without steps that no schedule is written for."""
    missing = {name for name, job in all_jobs().items() if not has_schedule(job)}
    assert not {name for name in missing if not name.startswith("preset ")}
    assert {"preset sobel-vertical", "preset privacy-blur"} <= missing
    assert len(missing) < len(all_jobs()) / 2


def test_a_competitor_with_other_pixels_ends_the_run() -> None:
    """Competitors that a caller adds are compared like the others."""

    def wrong(job: Job, image: Pixels) -> Iterator[tuple[str, Run]]:
        yield "Wrong", lambda picture, out: np.copyto(out, 255 - picture)

    (job,) = jobs_named(("gaussian 31",))
    with pytest.raises(MismatchError, match="Wrong differs from livefilter"):
        measure(job, "small", SMALL, threads=1, is_cold=False, rounds=1, competitors=wrong)


@pytest.mark.jit
def test_the_command_measures_halide(capsys: pytest.CaptureFixture[str]) -> None:
    """--json prints each measurement, and nothing else on standard output."""
    pytest.importorskip("halide", reason="Halide has no package for this Python")
    assert run(["halide", "box 3", "--rounds", "1", "--json"]) == 0
    (measured,) = json.loads(capsys.readouterr().out)["measured"]
    assert set(measured["pairs"]) == {"OpenCV", "copy", "Halide"}


def test_a_job_without_a_schedule_is_refused_by_the_command(capsys: pytest.CaptureFixture[str]) -> None:
    """The message names the job, and what to do."""
    assert run(["halide", "preset sobel-vertical"]) == 2
    assert "Halide has no schedule for preset sobel-vertical" in capsys.readouterr().err
