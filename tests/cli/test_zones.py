"""``--zones``: in tables, reports, previews, and with several inputs."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from livefilter.cli import run

ZONES = "left: [[0, 0], [0.5, 0], [0.5, 1], [0, 1]]\n"
COLUMNS = ["left.horizontal", "left.vertical", "left.density"]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, clip: Path) -> Path:
    """A folder with a clip and a file of zones, which is the current one."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "clip.mp4").write_bytes(clip.read_bytes())
    (tmp_path / "zones.yaml").write_text(ZONES)
    return tmp_path


def head(path: Path) -> list[str]:
    """The columns of a CSV table."""
    with path.open(newline="") as file:
        return next(csv.reader(line for line in file if not line.startswith("#")))


def test_a_score_table_has_columns_for_each_zone(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """And the report their means."""
    assert run(["score", "clip.mp4", "-o", "a.csv", "--zones", "zones.yaml"]) == 0
    assert head(here / "a.csv")[-3:] == COLUMNS
    assert capsys.readouterr().out.splitlines()[2].startswith("mean scores of left: horizontal 0.")


def test_json_lines_and_reports_have_zones(here: Path, negative: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Under the same names."""
    arguments = ["process", "clip.mp4", "-o", "a.mp4", "--zones", "zones.yaml", "-p", negative]
    assert run([*arguments, "--scores", "a.jsonl", "--json"]) == 0
    assert set(json.loads(capsys.readouterr().out)["zone_means"]["left"]) == {"horizontal", "vertical", "density"}
    _, row, *_ = map(json.loads, (here / "a.jsonl").read_text().splitlines())
    assert list(row)[-3:] == COLUMNS


def test_a_preview_scores_zones(here: Path, negative: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Without a window, too."""
    arguments = ["preview", "clip.mp4", "--no-window", "-p", negative, "--zones", "zones.yaml"]
    assert run([*arguments, "--scores", "a.csv"]) == 0
    assert head(here / "a.csv")[-3:] == COLUMNS
    assert "mean scores of left" in capsys.readouterr().out


@pytest.mark.jit
def test_other_zones_are_new_work(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """``--resume`` skips what was finished with the same zones, and nothing else."""
    arguments = ["score", "clip.mp4", "-d", "out", "--resume", "--overwrite", "--json", "-q"]

    def status(*more: str) -> str:
        assert run([*arguments, *more]) == 0
        return str(json.loads(capsys.readouterr().out)[0]["status"])

    assert [status("--zones", "zones.yaml") for _ in range(2)] == ["done", "skipped"]
    assert head(here / "out" / "clip.csv")[-3:] == COLUMNS
    (here / "zones.yaml").write_text(ZONES.replace("0.5", "0.6"))
    assert [status("--zones", "zones.yaml"), status()] == ["done", "done"]
    assert head(here / "out" / "clip.csv")[-1] == "density"


@pytest.mark.parametrize("command", ["score clip.mp4 -o a.csv", "process clip.mp4 -o a.mp4", "preview 0 --no-window"])
@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("left: [[0, 0], [1, 1]]\n", "zones.yaml:1:7: left: must have 3 to 256 points, found 2"),
        (None, "zones.yaml: no such file"),
    ],
    ids=["two points", "no file"],
)
def test_a_bad_zones_file_is_a_usage_error(
    here: Path, command: str, text: str | None, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Before a source is opened."""
    (here / "zones.yaml").unlink()
    if text is not None:
        (here / "zones.yaml").write_text(text)
    assert run([*command.split(), "--zones", "zones.yaml"]) == 2
    assert message in capsys.readouterr().err


def test_a_zone_that_is_too_small_is_a_usage_error(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With its name and the size of the picture."""
    (here / "zones.yaml").write_text("dot: [[0, 0], [0.01, 0], [0.01, 0.01]]\n")
    assert run(["score", "clip.mp4", "-o", "a.csv", "--zones", "zones.yaml"]) == 2
    assert "zone 'dot': must hold at least one window of 2x2 pixels" in capsys.readouterr().err
    assert not (here / "a.csv").exists()
