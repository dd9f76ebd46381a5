"""What the documents list is complete, and tables of figures have the form that their command prints."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import click
import pytest

from livefilter import list_presets, load_preset
from livefilter.bench import Measurement, Pair, all_jobs, as_markdown
from livefilter.cli import root_command
from livefilter.pipeline import Preview
from livefilter.presets import STEPS
from livefilter.sinks import WindowSink
from livefilter.sources import open_source
from tests.docs.conftest import PAGES, README, ROOT, command_lines

_MAX_LINES, _MAX_COLUMNS = 130, 140


class UnopenedWindow(WindowSink):
    """A window that is never opened."""

    def __init__(self) -> None:
        self.on_drag = lambda share: None


def page(name: str) -> str:
    """Return the text of a page of the documentation."""
    return (PAGES / f"{name}.md").read_text(encoding="utf-8")


def section(text: str, heading: str) -> str:
    """Return what is below a heading, up to the next one of its level."""
    return re.split(r"^## ", text.split(f"\n## {heading}\n")[1], maxsplit=1, flags=re.MULTILINE)[0]


def test_the_readme_holds_the_two_set_up_commands() -> None:
    """Exactly two lines begin with pip install: one runs the main job, one the tests."""
    commands = re.findall(r"^pip install.*$", README.read_text(encoding="utf-8"), flags=re.MULTILINE)
    assert commands == ["pip install . && livefilter demo", "pip install '.[test]' && pytest"]


def test_the_readme_fits_on_three_screens() -> None:
    """It has few lines, and none of them is long."""
    lines = README.read_text(encoding="utf-8").splitlines()
    assert len(lines) <= _MAX_LINES
    assert [line for line in lines if len(line) > _MAX_COLUMNS] == []


def test_the_readme_shows_every_command() -> None:
    """Each command has a line that uses it."""
    assert isinstance(root_command, click.Group)
    used = {arguments[0] for line, arguments in command_lines("livefilter") if line.document == "README.md"}
    assert set(root_command.list_commands(click.Context(root_command))) == used


@pytest.mark.jit
def test_the_python_program_of_the_readme_has_six_lines_and_prints_every_frame() -> None:
    """It prints a row for every frame of the recording."""
    (program,) = re.findall(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), flags=re.DOTALL)
    assert len(program.splitlines()) == 6
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True, timeout=100
    )
    assert len(done.stdout.splitlines()) == 200


def test_the_table_of_presets_is_that_of_the_shipped_ones() -> None:
    """Each shipped preset is in the table, with its own description, in the order of the list."""
    table = re.findall(r"^\| `([\w-]+)` \| (.*) \|$", section(page("presets"), "The shipped presets"), re.MULTILINE)
    assert table == [(name, load_preset(name).description) for name in list_presets()]


def test_the_table_of_steps_is_complete() -> None:
    """Each step is in the table, with all its settings; the border is described below for all steps that have one."""
    text = section(page("presets"), "Steps")
    rows = re.findall(r"^\| `([\w-]+)` \| (.*?) \| .* \|$", text, flags=re.MULTILINE)
    settings = {name: set(re.findall(r"`(\w+)`", listed)) for name, listed in rows}
    assert settings == {name: set(model.model_fields) - {"step", "border"} for name, model in STEPS.items()}
    bordered = [name for name, model in STEPS.items() if "border" in model.model_fields]
    assert [name for name, _ in rows][: len(bordered)] == bordered
    assert len(bordered) == 6
    assert "The first six also take `border`" in text


def test_the_error_about_a_preset_is_the_one_that_is_printed(tmp_path: Path) -> None:
    """The line about a misspelt key is the line that the program prints."""
    (tmp_path / "mine.yaml").write_text("description: x\nsteps:\n  - gaussian: {sigam: 1}\n", encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "livefilter", "presets", "mine.yaml"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )
    assert done.returncode == 2
    assert done.stderr.strip() in page("presets")


def test_the_table_of_speed_has_the_form_that_bench_prints() -> None:
    """The line that names the machine, the columns, and a row of figures for each job, in order."""
    (table,) = re.findall(r"^1920x1080, one thread.*?(?=\n\n## )", page("speed"), flags=re.MULTILINE | re.DOTALL)
    machine, _, head, rule, *rows = table.strip().splitlines()
    assert re.fullmatch(
        r"1920x1080, one thread each, hot\. .+, \d+ cores, \w+, Python .+, numba .+, numpy [\d.]+\.", machine
    )
    pair = Pair(ours_ms=1, theirs_ms=2, ratio=2, spread=0, rounds=3)
    measured = Measurement("job", "1920x1080", 1, False, "calls", {"OpenCV": pair, "copy": pair})
    assert as_markdown([measured]).splitlines()[2:4] == [head, rule]
    assert [row.split(" | ")[0].removeprefix("| ") for row in rows] == list(all_jobs())
    assert all(re.fullmatch(r"\| .+( \| [\d.]+){4} \| .+ \|", row) for row in rows)


def test_every_key_of_the_preview_is_in_its_table_and_in_its_help() -> None:
    """The window, the command line and the page describe each key in the same words."""
    text = section(page("cameras-and-streams"), "The preview window")
    assert isinstance(root_command, click.Group)
    command = root_command.get_command(click.Context(root_command), "preview")
    help_text = (command.help if command is not None else None) or ""
    with open_source("synthetic:chart") as source:
        keys = Preview(source, "blur", presets=[], window=UnopenedWindow(), snapshot_folder=ROOT)._keys
    for key in keys:
        word = {" ": "space"}.get(key, f"`{key}`")
        assert re.search(rf"\| [^|]*{re.escape(word)}[^|]* \|", text), word
        word = {" ": "space"}.get(key, key)
        assert re.search(rf"^ *(.* {{2,}})?[^ ]*( . )?{re.escape(word)}[ ,]", help_text, re.MULTILINE), word
    for meaning in (
        "pause, resume",
        "record, stop",
        "hold the scores' scale",
        "weaker, stronger",
        "size of the window",
    ):
        assert meaning in text
        assert meaning in help_text


def test_every_environment_variable_is_in_the_table() -> None:
    """The page on Python lists each variable that livefilter reads, and no other."""
    code = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "livefilter").rglob("*.py"))
    listed = re.findall(r"^\| `(LIVEFILTER_\w+)` \|", section(page("python"), "Environment"), flags=re.MULTILINE)
    assert sorted(listed) == sorted(set(re.findall(r"\bLIVEFILTER_[A-Z_]+\b", code)))
