"""The examples in the Markdown files do what they show."""

from __future__ import annotations

import doctest
import importlib.util
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import click
import pytest

from livefilter import list_presets, load_preset
from livefilter.cli import root_command
from tests.docs.conftest import DOCUMENTS, ROOT, Example, blocks, command_lines, name_of, spans

_WITH_PROMPT = [path for path in DOCUMENTS if re.search(r"^>>> ", path.read_text(encoding="utf-8"), re.MULTILINE)]
_COMMANDS = list(command_lines("livefilter"))
_OTHER_OPTIONS = {"--check", "--count", "--first", "--help", "--version"}
"""Of scripts of this repository and of click itself."""


def command_named(name: str) -> click.Command:
    """Return a command of livefilter."""
    assert isinstance(root_command, click.Group)
    command = root_command.get_command(click.Context(root_command), name)
    assert command is not None, f"no such command: {name}"
    return command


@pytest.mark.jit
@pytest.mark.parametrize("program", blocks("python"), ids=str)
def test_a_python_program_runs(program: Example, tmp_path: Path) -> None:
    """It ends without an error and prints something, in a folder that holds the recordings."""
    shutil.copytree(ROOT / "recordings", tmp_path / "recordings")
    done = subprocess.run(
        [sys.executable, "-c", program.text],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        timeout=100,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip()


@pytest.mark.parametrize("document", _WITH_PROMPT, ids=name_of)
def test_an_example_at_the_prompt_is_right(document: Path) -> None:
    """Each line after >>> gives the lines below it."""
    failed, tried = doctest.testfile(str(document), module_relative=False)
    assert tried
    assert failed == 0


@pytest.mark.parametrize("preset", blocks("yaml"), ids=str)
def test_a_preset_loads(preset: Example, tmp_path: Path) -> None:
    """It is valid, and has steps."""
    path = tmp_path / "mine.yaml"
    path.write_text(preset.text, encoding="utf-8")
    assert load_preset(path).steps


@pytest.mark.parametrize(("line", "arguments"), _COMMANDS, ids=[str(line) for line, _ in _COMMANDS])
def test_a_command_line_is_understood(line: Example, arguments: list[str]) -> None:
    """The command exists, each option exists and takes its value, and each preset is one."""
    if arguments and arguments[0].startswith("--"):
        parser = root_command.make_parser(click.Context(root_command))
        _, arguments, _ = parser.parse_args(args=list(arguments))
    if not arguments:
        return
    command = command_named(arguments[0])
    context = click.Context(command, info_name=arguments[0], resilient_parsing=not line.is_complete)
    try:
        command.parse_args(context, arguments[1:])
    except click.UsageError as error:
        pytest.fail(f"{line.text}: {error.format_message()}")
    preset = context.params.get("preset")
    assert preset is None or preset.endswith(".yaml") or preset in list_presets()


def test_the_check_finds_a_command_line_that_is_wrong() -> None:
    """An option that does not exist and one that lacks its value are reported."""
    for text in ("score clip.mp4 --no-such-option", "process clip.mp4 --crf high", "preview --size", "process"):
        wrong = Example("here", 1, text)
        with pytest.raises(pytest.fail.Exception):
            test_a_command_line_is_understood(wrong, shlex.split(text))


def test_every_option_that_is_mentioned_exists() -> None:
    """Prose names no option that livefilter does not have."""
    assert isinstance(root_command, click.Group)
    names = root_command.list_commands(click.Context(root_command))
    parameters = [parameter for name in names for parameter in command_named(name).params] + root_command.params
    known = {option for parameter in parameters for option in (*parameter.opts, *parameter.secondary_opts)}
    mentioned = [span for span in spans() if span.text.startswith("--")]
    assert mentioned
    unknown = [f"{span}: {span.text}" for span in mentioned if span.text.split()[0] not in known | _OTHER_OPTIONS]
    assert unknown == []


def test_every_script_that_is_run_exists() -> None:
    """What documents start with python is a file of the repository or a module."""
    for line, arguments in command_lines("python"):
        if arguments[0].startswith("-") and arguments[0] != "-m":
            continue  # An option of Python itself.
        script = arguments[1] if arguments[0] == "-m" else arguments[0]
        if arguments[0] == "-m" and not (ROOT / f"{script.replace('.', '/')}.py").exists():
            is_there = importlib.util.find_spec(script) is not None
        else:
            is_there = arguments[0] == "-m" or (ROOT / script).exists()
        assert is_there, f"{line}: {script}"
