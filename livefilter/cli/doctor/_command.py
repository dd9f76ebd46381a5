"""``livefilter doctor``: the command and its output."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from livefilter.cli._exit_codes import DONE, USAGE
from livefilter.cli._options import grouped_command
from livefilter.cli._shared import json_option

if TYPE_CHECKING:
    from livefilter.cli.doctor._checks import Check

_COLOURS = {"ok": "green", "note": "yellow", "fault": "bold red"}


@grouped_command("Check this installation and machine")
@json_option
def command(as_json: bool) -> int:
    """Check this installation and this machine, and print a fix for each problem.

    A fault breaks livefilter and gives exit code 2. A note names something that will not work here, such as windows
    without a display.
    """
    from livefilter.cli.doctor._checks import all_checks

    checks = all_checks()
    faults = sum(check.verdict == "fault" for check in checks)
    if as_json:
        click.echo(json.dumps({"faults": faults, "checks": [asdict(check) for check in checks]}, indent=2))
    elif sys.stdout.isatty():
        _print_table(checks)
    else:
        click.echo("\n".join(_lines(checks)))
    return USAGE if faults else DONE


def _lines(checks: Sequence[Check]) -> Iterator[str]:
    width = max(len(check.name) for check in checks)
    for check in checks:
        yield f"{check.verdict:<5}  {check.name:<{width}}  {check.found}"
        if check.fix:
            yield f"{'':<5}  {'':<{width}}  -> {check.fix}"


def _print_table(checks: Sequence[Check]) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    for check in checks:
        colour = _COLOURS[check.verdict]
        fix = f"\n[{colour}]->[/] {escape(check.fix)}" if check.fix else ""
        table.add_row(f"[{colour}]{check.verdict}[/]", check.name, escape(check.found) + fix)
    Console(emoji=False, highlight=False).print(table)
