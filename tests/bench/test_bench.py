"""The benchmark compares what it measures, and tells it in a form that the documentation can carry."""

from __future__ import annotations

import json
import re
from itertools import product
from pathlib import Path

import numpy as np
import pytest

from livefilter import bench
from livefilter.bench import Measurement
from livefilter.cli import run
from livefilter.errors import OptionError

SMALL = (64, 96)
ONE_OF_EACH_KIND = (
    "dense 5x5",
    "sharpen 3x3",
    "separable 5x5",
    "gaussian 5",
    "gaussian 31",
    "box 3",
    "two scores",
    "gradient l1 + scores",
    "unsharp 7 + scores",
    "4 steps + scores",
    "preset sketch",
)


def _measured(name: str) -> Measurement:
    (job, *_) = bench.jobs_named((name,))
    return bench.measure(job, "small", SMALL, threads=1, is_cold=False, rounds=3)


@pytest.mark.parametrize("name", [*ONE_OF_EACH_KIND, pytest.param("preset edge", marks=pytest.mark.jit)])
def test_a_job_gives_the_pixels_of_the_reference_and_of_opencv(name: str) -> None:
    """Measuring compares all outputs, so that it ends without an error is the proof.

    One of each kind is measured here, and one of them as machine code, which takes long to compile. The gate measures
    all by ``livefilter bench --quick``.
    """
    measured = _measured(name)
    assert list(measured.pairs)[:2] == ["OpenCV", "copy"]
    assert all(pair.ours_ms > 0 and pair.theirs_ms > 0 and pair.ratio > 0 for pair in measured.pairs.values())


def test_cold_caches_and_several_threads_are_measured_too() -> None:
    """Both are said in the result, and livefilter with one thread stands beside."""
    (job, *_) = bench.jobs_named(("box 3",))
    measured = bench.measure(job, "small", SMALL, threads=2, is_cold=True, rounds=2)
    assert measured.state == "2 threads, cold"
    assert set(measured.pairs) == {"OpenCV", "copy", "one thread"}


def test_an_unknown_job_is_refused_with_the_known_ones() -> None:
    """A word that fits no job is an error that lists all jobs."""
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
    (measured,) = printed["measured"]
    assert measured["job"] == "box 3"
    assert set(measured["pairs"]["OpenCV"]) == {"ours_ms", "theirs_ms", "ratio", "spread", "rounds"}


def test_the_table_and_the_plot_are_made(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Without --json there is a table, and --plot writes a picture beside it."""
    assert run(["bench", "--quick", "--rounds", "1", "--plot", str(tmp_path / "bench.png"), "box 3"]) == 0
    assert "times OpenCV" in capsys.readouterr().out
    assert (tmp_path / "bench.png").read_bytes().startswith(b"\x89PNG")
    assert [path.name for path in tmp_path.iterdir()] == ["bench.png"]


@pytest.mark.parametrize(
    ("name", "code", "told"),
    [("bench.txt", 2, "must end in .png"), ("there.png", 4, "--overwrite"), ("missing/bench.png", 4, "does not exist")],
)
def test_a_plot_that_cannot_be_written_is_told_before_anything_is_measured(
    name: str, code: int, told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A name with another ending, a file that exists, a folder that does not: before an hour of measuring."""

    def never(*_: object, **__: object) -> None:
        raise AssertionError("measured")

    monkeypatch.setattr(bench, "measure", never)
    (tmp_path / "there.png").write_bytes(b"kept")
    assert run(["bench", "--quick", "box 3", "--plot", str(tmp_path / name)]) == code
    assert told in capsys.readouterr().err
    assert (tmp_path / "there.png").read_bytes() == b"kept"


def test_a_plot_that_is_not_finished_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An interrupt before the picture is drawn removes what was begun."""

    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(bench, "measure", interrupted)
    assert run(["bench", "--quick", "box 3", "--plot", str(tmp_path / "bench.png")]) == 130
    assert list(tmp_path.iterdir()) == []


def test_the_plot_has_a_panel_for_each_size_and_a_bar_for_each_measurement() -> None:
    """Jobs are rows, sizes are panels, and what differs beside them are colours."""
    figure_of = pytest.importorskip("matplotlib.figure")
    from livefilter.bench import draw_ratios

    pair = bench.Pair(1.0, 2.0, 2.0, 3.0, 3)
    made = [
        Measurement(job, size, threads, False, "calls", {"OpenCV": pair, "copy": pair})
        for job, size, threads in product(("box 3", "box 5", "box 15"), ("640x480", "1920x1080"), (1, 2))
    ]
    figure = figure_of.Figure()
    draw_ratios(figure, made)
    assert [axes.get_title() for axes in figure.axes] == ["640x480", "1920x1080"]
    assert [sum(bar.get_width() == 2.0 for bar in axes.patches) for axes in figure.axes] == [6, 6]
    assert all(axes.get_xlim()[0] == 0 for axes in figure.axes), "a wide spread reaches below zero"
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == ["box 3", "box 5", "box 15"]
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["1 thread, hot", "2 threads, hot"]


def test_two_forms_of_one_output_are_refused() -> None:
    """Neither --markdown, which --readme means too, nor --json is ignored."""
    assert run(["bench", "--markdown", "--json"]) == 2
    assert run(["bench", "--readme", "--json"]) == 2


def test_each_table_says_what_it_was_measured_on(capsys: pytest.CaptureFixture[str]) -> None:
    """Size, threads and caches are its title; the spread stands beside the ratio."""
    assert run(["bench", "--quick", "--rounds", "2", "box 3"]) == 0
    told = capsys.readouterr().out
    assert told.startswith("640x480, 1 thread, hot")
    assert re.search(r"│ box 3 .* ± \d", told)


def test_an_unknown_size_is_refused() -> None:
    """--size takes the sizes of the table only."""
    assert run(["bench", "--size", "7x7"]) == 2


def test_every_job_of_the_targets_is_there() -> None:
    """What speed is promised for can be measured."""
    names = " ".join(bench.all_jobs())
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
    from livefilter.bench import sample_image

    picture = sample_image(SMALL)
    assert re.fullmatch("uint8", str(picture.dtype))
    assert np.unique(picture).size > 50
