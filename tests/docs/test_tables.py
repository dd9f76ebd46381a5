"""The README says what is true."""

from __future__ import annotations

import doctest
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from livefilter import list_presets, load_preset
from livefilter.bench import JOBS, Measurement, Pair, as_markdown
from livefilter.cli._main import LazyGroup, livefilter
from livefilter.pipeline import Preview
from livefilter.presets import STEPS
from livefilter.sinks import WindowSink
from livefilter.sources import open_source

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


class Quiet(WindowSink):
    """A window that is never opened."""

    def __init__(self) -> None:
        self.on_drag = lambda share: None


def _blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, flags=re.DOTALL)


def test_the_two_set_up_commands_stand_in_it() -> None:
    """Exactly two lines begin with pip install: one runs the main job, one the tests."""
    commands = re.findall(r"^pip install.*$", README, flags=re.MULTILINE)
    assert commands == ["pip install . && livefilter demo", "pip install '.[test]' && pytest"]


def test_the_table_of_presets_is_that_of_the_shipped_ones() -> None:
    """Each shipped preset stands in the table, with its own description, in the order of the list."""
    table = re.findall(r"^\| `([\w-]+)` \| (.*) \|$", README.split("## Presets")[1], flags=re.MULTILINE)
    assert table == [(name, load_preset(name).description) for name in list_presets()]


def test_every_command_stands_in_it() -> None:
    """The table of commands is complete."""
    assert isinstance(livefilter, LazyGroup)
    table = README.split("## Use it")[1].split("## Presets")[0]
    assert set(re.findall(r"^\| `([a-z]+)`", table, flags=re.MULTILINE)) == set(livefilter.list_commands(None))  # type: ignore[arg-type]


def test_its_table_of_speed_is_in_the_form_that_bench_writes() -> None:
    """The line that names the machine, the columns, and a row of figures for each job, in order."""
    speed = README.split("## Speed")[1].split("## ")[0]
    machine, _, head, rule, *rows = speed.strip().split("\n\n", 1)[1].splitlines()
    assert re.fullmatch(
        r"1920x1080, one thread each, hot\. .+, \d+ cores, \w+, Python .+, numba .+, numpy [\d.]+\.", machine
    )
    pair = Pair(ours_ms=1, theirs_ms=2, ratio=2, spread=0, rounds=3)
    made = Measurement("job", "1920x1080", 1, False, "calls", {"OpenCV": pair, "copy": pair})
    assert as_markdown([made]).splitlines()[2:4] == [head, rule]
    assert [row.split(" | ")[0].removeprefix("| ") for row in rows] == list(JOBS())
    assert all(re.fullmatch(r"\| .+( \| [\d.]+){4} \| .+ \|", row) for row in rows)


def test_every_key_of_the_preview_stands_in_it_and_in_its_help() -> None:
    """What it is for, in the same words in the window, at the command line and here."""
    section = README.split("## The preview")[1].split("## ")[0]
    told = livefilter.get_command(None, "preview").help  # type: ignore[arg-type, union-attr]
    with open_source("synthetic:chart") as source:
        keys = Preview(source, "blur", presets=[], window=Quiet(), snapshot_folder=ROOT)._keys
    for key in keys:
        word = {" ": "space"}.get(key, f"`{key}`")
        assert re.search(rf"\| [^|]*{re.escape(word)}[^|]* \|", section), word
        word = {" ": "space"}.get(key, key)
        assert re.search(rf"^ *(.* {{2,}})?[^ ]*( . )?{re.escape(word)}[ ,]", told or "", re.MULTILINE), word
    for meaning in ("pause, go on", "record, stop", "hold the scores' scale", "weaker, stronger", "size of the window"):
        assert meaning in section
        assert meaning in (told or "")


def test_every_step_stands_in_it() -> None:
    """No kind of step is left out."""
    assert all(f"`{step}`" in README for step in STEPS)


@pytest.mark.parametrize("text", _blocks("yaml"))
def test_its_presets_load(text: str, tmp_path: Path) -> None:
    """Every preset that it shows is a valid one."""
    path = tmp_path / "mine.yaml"
    path.write_text(text, encoding="utf-8")
    assert load_preset(path).steps


def test_its_picture_of_an_error_is_what_is_printed(tmp_path: Path) -> None:
    """The line about a misspelt key is the line that the program prints."""
    (tmp_path / "mine.yaml").write_text("description: x\nsteps:\n  - gaussian: {sigam: 1}\n", encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "livefilter", "presets", "mine.yaml"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr.strip() in README


@pytest.mark.jit
def test_its_python_program_runs() -> None:
    """The six lines print a row for every frame of the recording."""
    (program,) = _blocks("python")
    assert len(program.splitlines()) == 6
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True, env=dict(os.environ)
    )
    assert len(done.stdout.splitlines()) == 200


def test_its_example_at_the_prompt_is_right() -> None:
    """What stands after >>> gives what stands below."""
    failed, tried = doctest.testfile(str(ROOT / "README.md"), module_relative=False)
    assert tried >= 4
    assert failed == 0


def test_its_pictures_and_links_are_there() -> None:
    """Nothing that it points to in the repository is missing."""
    for target in re.findall(r"\]\((?!https?:)([^)#]+)\)", README):
        assert (ROOT / target).exists(), target
