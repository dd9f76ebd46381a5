"""Help texts: grouped options, defaults, whole sentences."""

from __future__ import annotations

import re

import click
import pytest

from livefilter.cli import root_command, run

COMMANDS = root_command.list_commands(click.Context(root_command))
SUMMARY_WIDTH = 45


def help_of(name: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, columns: int = 80) -> str:
    """Return what a command prints for --help in a terminal of so many columns."""
    monkeypatch.setenv("COLUMNS", str(columns))
    assert run([*name.split(), "--help"]) == 0
    return capsys.readouterr().out


def command_named(name: str) -> click.Command:
    """Return a command."""
    command = root_command.get_command(click.Context(root_command), name)
    assert command is not None
    return command


def section(text: str, heading: str) -> str:
    """Return the lines under a heading, up to the next one."""
    match = re.search(rf"^{heading}:\n(.*?)(?=^\S|\Z)", text, re.MULTILINE | re.DOTALL)
    assert match is not None, f"no section {heading!r}"
    return match[1]


@pytest.mark.parametrize("columns", [80, 120])
def test_no_summary_of_a_command_is_cut(
    columns: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each command has a summary of its own, on one line of the list."""
    text = section(help_of("", capsys, monkeypatch, columns), "Commands")
    assert len(text.strip().splitlines()) == len(COMMANDS)
    assert "..." not in text
    for name in COMMANDS:
        summary = command_named(name).short_help
        assert summary, name
        assert len(summary) <= SUMMARY_WIDTH, name
        assert re.search(rf"^  {name} +{re.escape(summary)}$", text, re.MULTILINE), name


@pytest.mark.parametrize("columns", [80, 120])
@pytest.mark.parametrize("name", ["", *COMMANDS])
def test_help_fits_the_terminal(
    name: str, columns: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """No line is wrapped by the terminal."""
    text = help_of(name, capsys, monkeypatch, columns)
    assert not [line for line in text.splitlines() if len(line) > columns]


def test_options_are_listed_in_groups(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """The many options of process stand under headings, in the order in which a frame meets them."""
    text = help_of("process", capsys, monkeypatch)
    headings = re.findall(r"^(\w+) options:$", text, re.MULTILINE)
    assert headings == ["Input", "Part", "Filter", "Output", "Encoding", "Batch", "Other"]
    for heading, option in {
        "Input": "--size",
        "Part": "--start",
        "Filter": "--preset",
        "Output": "--output",
        "Encoding": "--crf",
        "Batch": "--jobs",
        "Other": "--help",
    }.items():
        assert option in section(text, f"{heading} options"), option


def test_a_command_with_one_group_has_one_section(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A heading of its own would say nothing."""
    text = help_of("devices", capsys, monkeypatch)
    assert "--json" in section(text, "Options")
    assert "Other options" not in text


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_is_described_and_stands_once(
    name: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also those of commands whose options are in groups."""
    text = help_of(name, capsys, monkeypatch, 120)
    for parameter in command_named(name).params:
        if isinstance(parameter, click.Option):
            assert parameter.help, parameter.opts
            shown = re.findall(rf"^  (?:-\w, )*(?:--[\w-]+, )?{parameter.opts[-1]}[ ,\n]", text, re.MULTILINE)
            assert len(shown) == 1, parameter.opts


@pytest.mark.parametrize(
    ("name", "option", "default"),
    [
        ("process", "--open-timeout", "10"),
        ("process", "--read-timeout", "5"),
        ("process", "--give-up-after", "never"),
        ("process", "--preset", "edge"),
        ("process", "--overlay / --no-overlay", "overlay"),
        ("process", "--crf", "18 for h264"),
        ("preview", "--snapshot-dir", "this folder"),
        ("score", "--format", "csv"),
        ("bench", "--rounds", "31"),
        ("demo", "--output-dir", "livefilter-demo"),
    ],
)
def test_defaults_are_shown(
    name: str, option: str, default: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """In brackets at the end of the description."""
    text = " ".join(help_of(name, capsys, monkeypatch).split())
    described = text[text.index(f"{option} ") :]
    assert re.search(r"default: (.*?)(; x>=1)?\]", described)[1] == default  # type: ignore[index]


def test_the_alias_of_preset_is_explained(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """-c is -p by the name that other programs give to their configuration."""
    text = " ".join(help_of("process", capsys, monkeypatch).split())
    assert "-p, -c, --preset" in text
    assert "-c is an alias" in text
