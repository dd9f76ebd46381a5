"""The benchmark compares what it measures, and tells it in a form that the README can carry."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest

from livefilter import bench
from livefilter.bench import Job, Measurement
from livefilter.cli._main import run
from livefilter.errors import OptionError
from livefilter.frame import Pixels
from livefilter.kernels import Correlation, gaussian

SMALL = (64, 96)


def _measured(name: str) -> Measurement:
    (job, *_) = bench.jobs_named((name,))
    return bench.measure(job, "small", SMALL, threads=1, is_cold=False, rounds=3)


@pytest.mark.jit
@pytest.mark.parametrize("name", [job for job in bench.JOBS() if "privacy" not in job and "neon" not in job])
def test_a_job_gives_the_pixels_of_the_reference_and_of_opencv(name: str) -> None:
    """Measuring compares all outputs, so that it ends without an error is the proof."""
    measured = _measured(name)
    assert set(measured.ratios) >= {"OpenCV", "copy"}
    assert all(value > 0 for value in measured.milliseconds.values())


def test_a_wrong_pixel_ends_the_run() -> None:
    """A job whose function is off by two gray levels at one place is refused."""

    def make(threads: int) -> bench.Run:
        def run(image: Pixels, out: Pixels) -> None:
            right(image, out)
            out[-1, -1] ^= 2

        right = bench.jobs_named(("gaussian 5",))[0].make(threads)
        return run

    job = Job("broken", (Correlation(gaussian(size=5)),), None, make)
    with pytest.raises(bench.MismatchError, match="broken"):
        bench.measure(job, "small", SMALL, threads=1, is_cold=False, rounds=1)


def test_frames_in_turn_are_measured_too() -> None:
    """Cold means several frames, and is said in the result."""
    (job, *_) = bench.jobs_named(("box 3",))
    measured = bench.measure(job, "small", SMALL, threads=2, is_cold=True, rounds=2)
    assert (measured.is_cold, measured.threads) == (True, 2)


def test_an_unknown_job_is_refused_with_the_known_ones() -> None:
    """A word that fits no job is told, with all jobs."""
    with pytest.raises(OptionError, match="gaussian 31"):
        bench.jobs_named(("gausian",))


def test_the_markdown_has_a_row_for_each_job_and_names_the_machine() -> None:
    """Every row has as many cells as the head, and the line above says where it was measured."""
    text = bench.as_markdown([_measured("gaussian 5"), _measured("two scores")])
    line, _, head, rule, *rows = text.splitlines()
    assert bench.machine_name() in line
    assert [row.split(" | ")[0] for row in rows] == ["| gaussian 5", "| two scores"]
    assert {row.count("|") for row in (head, rule, *rows)} == {head.count("|")}


def test_json_holds_everything(capsys: pytest.CaptureFixture[str]) -> None:
    """--json prints the machine and each measurement, and nothing else on standard output."""
    assert run(["bench", "--quick", "--rounds", "1", "--json", "box 3"]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed["machine"] == bench.machine_name()
    assert [one["job"] for one in printed["measured"]] == ["box 3"]


def test_the_table_and_the_plot_are_made(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Without --json there is a table, and --plot writes a picture beside it."""
    assert run(["bench", "--quick", "--rounds", "1", "--plot", str(tmp_path / "bench.png"), "box 3"]) == 0
    assert "times OpenCV" in capsys.readouterr().out
    assert (tmp_path / "bench.png").read_bytes().startswith(b"\x89PNG")


def test_an_unknown_size_is_refused() -> None:
    """--size takes the sizes of the table only."""
    assert run(["bench", "--size", "7x7"]) == 2


def test_every_job_of_the_targets_is_there() -> None:
    """What speed is promised for can be measured."""
    names = " ".join(bench.JOBS())
    for word in (
        "dense 15x15",
        "sharpen",
        "separable",
        "gaussian 31",
        "box 15",
        "two scores",
        "preset edge",
        "4 steps",
    ):
        assert word in names


def test_pictures_of_the_benchmark_are_not_flat() -> None:
    """What is measured has edges and noise everywhere."""
    from livefilter.bench._measure import _picture

    picture = _picture(SMALL, 0)
    assert re.fullmatch("uint8", str(picture.dtype))
    assert np.unique(picture).size > 50
