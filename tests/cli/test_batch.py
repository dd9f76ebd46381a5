"""Several inputs in one call: rejected options, reports and the exit code."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import cast

import pytest

from livefilter.cli import ProgressBars, format_remaining, make_bar, progress_bars, report_results, run
from livefilter.errors import OptionError, SinkError, SourceError
from livefilter.kernels import EdgeScore
from livefilter.pipeline import InputResult, Progress, Summary
from livefilter.testing import FakeClock


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, clip: Path) -> Path:
    """A folder with two clips in it, which is the current one."""
    monkeypatch.chdir(tmp_path)
    for name in ("a.mp4", "b.mp4"):
        (tmp_path / name).write_bytes(clip.read_bytes())
    return tmp_path


def summary(source: str = "a.mp4", loss: str | None = None, is_interrupted: bool = False) -> Summary:
    """What a run may have come to."""
    return Summary(source, "edge", 8, 1.0, 8.0, EdgeScore(0.1, 0.2, 0.3), (), loss, is_interrupted)


@pytest.mark.jit
def test_several_inputs_go_to_a_folder(here: Path, negative: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A table at the end, a line for each on standard error, names of the failed, and the code of the worst."""
    (here / "c.mp4").write_bytes(b"nonsense")
    assert run(["process", ".", "-d", "out", "-p", negative, "--scores", ".jsonl"]) == 3
    told = capsys.readouterr()
    assert [line.split()[:3] for line in told.out.splitlines()[1:]] == [
        ["done", "a.mp4", "8"], ["done", "b.mp4", "8"], ["failed", "c.mp4"],
    ]  # fmt: skip
    assert told.err.splitlines()[:3] == ["a.mp4: done", "b.mp4: done", "c.mp4: failed"]
    assert told.err.splitlines()[-1].startswith("livefilter: failed: c.mp4: ")
    (here / "c.mp4").unlink()
    assert run(["score", "a.mp4", "b.mp4", "-d", "tables", "--jobs", "2", "--plot", ".png", "--json", "-q"]) == 0
    told = capsys.readouterr()
    made = json.loads(told.out)
    assert told.err == ""
    assert [(one["source"], one["status"], one["frames"]) for one in made] == [
        ("a.mp4", "done", 8),
        ("b.mp4", "done", 8),
    ]
    assert sorted(path.name for path in (here / "tables").glob("*.*")) == [
        ".livefilter-finished.json",
        "a.csv",
        "a.png",
        "b.csv",
        "b.png",
    ]


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("process a.mp4 b.mp4", "several inputs need an output folder"),
        ("score a.mp4 b.mp4", "several inputs need an output folder"),
        ("process a.mp4 --resume", "--resume: is for several inputs"),
        ("process a.mp4 --jobs 2", "--jobs: is for several inputs"),
        ("process a.mp4 --ending .mkv", "--ending: is for several inputs"),
        ("score a.mp4 --format csv", "--format: is for several inputs"),
        ("process a.mp4 -d out -o b.mp4", "-o: is for one input"),
        ("score a.mp4 -d out -o b.csv", "-o: is for one input"),
        ("process a.mp4 -d out --window", "--window: is for one input"),
        ("process a.mp4 -d out --scores b.csv", "--scores: with -d, must be one of"),
        ("process a.mp4 -d out --ending png", "--ending: must be one of .mp4"),
        ("score a.mp4 -d out --plot b.png", "--plot: with -d, must be one of"),
        ("process a.mp4 --audio-codec aac --no-audio", "--audio-codec, --no-audio"),
        ("process a.mp4 --crf 99", "crf: must be from 0"),
        ("process a.mp4 --start soon", "time: must be seconds"),
        ("process a.mp4 --end 1 --duration 1", "end, duration: found both; use only one"),
        ("score a.mp4 --crf 20", "No such option"),
        ("process 0 -d out", "is a live source"),
        ("process a.mp4 -d out --loop", "--loop cannot be used with several inputs"),
        ("process a.mp4 -d out --jobs 0", "Invalid value for '--jobs'"),
    ],
)
def test_options_that_make_no_sense_are_refused(
    line: str, says: str, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """In a line, before anything is made."""
    assert run(line.split()) == 2
    told = capsys.readouterr().err
    assert says in told
    assert told.count("\n") == 1
    assert sorted(path.name for path in here.iterdir()) == ["a.mp4", "b.mp4"]


@pytest.mark.parametrize(
    ("outcomes", "code"),
    [
        ([InputResult("a", summary()), InputResult("b", is_skipped=True)], 0),
        ([InputResult("a", summary(loss="half of it"), loss="half of it")], 5),
        (
            [
                InputResult("a", summary(loss="half of it"), loss="half of it"),
                InputResult("b", error=SourceError("b: gone")),
            ],
            3,
        ),
        ([InputResult("a", is_skipped=True, loss="half of it")], 5),
        ([InputResult("a", error=OptionError("x")), InputResult("b", error=SourceError("y"))], 3),
        ([InputResult("a", error=SinkError("x")), InputResult("b", error=SourceError("y"))], 4),
        ([InputResult("a", error=RuntimeError("x")), InputResult("b", error=SinkError("y"))], 1),
    ],
)
def test_the_exit_code_is_the_most_serious(
    outcomes: list[InputResult], code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """A bug, then outputs, inputs, usage, and loss; each failure and each loss is named on standard error."""
    assert report_results(outcomes, len(outcomes), as_json=False, is_quiet=True, is_stopped=False) == code
    told = capsys.readouterr().err.splitlines()
    assert len(told) == sum(outcome.error is not None or outcome.loss is not None for outcome in outcomes)
    assert report_results(outcomes, len(outcomes), as_json=True, is_quiet=True, is_stopped=True) == 130


def test_json_tells_all_of_each(capsys: pytest.CaptureFixture[str]) -> None:
    """Status, outputs, what is in the summary, and the message of a failure."""
    outcomes = [
        InputResult("a", summary(), None, ("out/a.mp4",)),
        InputResult("b", error=SourceError("b: gone")),
        InputResult("c", summary(is_interrupted=True)),
    ]
    report_results(outcomes, 3, as_json=True, is_quiet=False, is_stopped=False)
    a, b, c = json.loads(capsys.readouterr().out)
    assert (a["status"], a["outputs"], a["mean_score"]["density"]) == ("done", ["out/a.mp4"], 0.3)
    assert (b["status"], b["error"]) == ("failed", "b: gone")
    assert c["status"] == "interrupted"


def test_bars_are_drawn_for_what_is_at_work_and_for_all() -> None:
    """One for each and one in total, which goes by the bytes; those that end leave."""
    clock = FakeClock()
    bar = make_bar()
    bars = ProgressBars(bar, clock=clock)
    bars.on_start(["in/a.mp4", "b.mp4", "c.mp4", "d.mp4"], [100, 300, 0, 100])
    bars.on_done(3, InputResult("d.mp4", is_skipped=True))
    assert bars.eta_s is None
    clock.advance(10)
    bars.on_progress(0, Progress(0, None))
    bars.on_progress(0, Progress(5, 10))
    bars.on_progress(1, Progress(50, 100))
    assert [task.description for task in bar.tasks] == ["all", "a.mp4", "b.mp4"]
    assert [task.fields["count"] for task in bar.tasks] == ["1/4", "5/10", "50/100"]
    # 200 of 566 bytes took 10 s; c.mp4 counts as much as the others do in the mean.
    assert bars.eta_s == pytest.approx(10 * 366 / 200)
    assert bar.tasks[0].percentage == pytest.approx(100 * 300 / 666)
    bars.on_done(0, InputResult("in/a.mp4", summary()))
    assert [task.description for task in bar.tasks] == ["all", "b.mp4"]
    assert bar.tasks[0].fields["count"] == "2/4"


@pytest.mark.parametrize(("seconds", "words"), [(0.4, "0 s left"), (59.6, "1:00 left"), (3600, "1:00:00 left")])
def test_what_is_left_is_told_as_a_clock_does(seconds: float, words: str) -> None:
    """Seconds, minutes, hours."""
    assert format_remaining(seconds) == words


def test_on_a_terminal_bars_are_shown(
    here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """And nothing is left of them at the end."""
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    with progress_bars(is_quiet=False) as shown:
        shown.on_start(["a"], [1])
        shown.on_done(0, InputResult("a", summary()))
    assert cast(Callable[[], object], shown._bar) is not None
