"""Options in groups: ``--help`` lists them under headings, with their defaults."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, TypeVar, get_args

import click

Group = Literal["Input", "Part", "Filter", "Output", "Encoding", "Batch", "Other"]
"""Headings of the help, in this order."""

Decorated = TypeVar("Decorated", bound=Callable[..., Any])


class GroupedOption(click.Option):
    """An option that belongs to a group of the help and shows its default."""

    def __init__(self, *args: Any, group: Group = "Other", **kwargs: Any) -> None:
        super().__init__(*args, **{"show_default": True, **kwargs})
        self.group = group

    def get_help_record(self, ctx: click.Context) -> tuple[str, str] | None:
        """Return the option's names and its help, a default in words without click's parentheses."""
        record = super().get_help_record(ctx)
        if record is None or not isinstance(self.show_default, str):
            return record
        return record[0], record[1].replace(f"default: ({self.show_default})", f"default: {self.show_default}")


class GroupedCommand(click.Command):
    """A command whose help lists options by group; options that are not grouped stand under "Other options"."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options, a section for each group; a command with one group has a single section."""
        groups: dict[str, list[tuple[str, str]]] = {name: [] for name in get_args(Group)}
        for parameter in self.get_params(ctx):
            if isinstance(parameter, click.Argument):
                continue  # The usage line and the text explain it.
            record = parameter.get_help_record(ctx)
            if record is not None:
                groups[getattr(parameter, "group", "Other")].append(record)
        used = {name: records for name, records in groups.items() if records}
        for name, records in used.items():
            with formatter.section("Options" if len(used) == 1 else f"{name} options"):
                formatter.write_dl(records)


def option(group: Group, *names: str, **settings: Any) -> Callable[[Decorated], Decorated]:
    """Return a decorator that gives a command an option of a group; settings are those of ``click.option``."""
    return click.option(*names, cls=GroupedOption, group=group, **settings)


def grouped_command(short_help: str) -> Callable[[Callable[..., Any]], GroupedCommand]:
    """Return a decorator that makes a function a command with grouped options.

    Args:
        short_help: What the command does, in at most 45 characters, for the list of commands.
    """
    return click.command(cls=GroupedCommand, short_help=short_help)
