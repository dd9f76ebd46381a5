"""``livefilter doctor``: what this machine has, what is wrong with it, and what to do."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from livefilter.cli._exit_codes import DONE, USAGE

if TYPE_CHECKING:
    from livefilter.cli.doctor._checks import Check

_COLOURS = {"ok": "green", "note": "yellow", "fault": "bold red"}


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print the checks as JSON.")
def command(as_json: bool) -> int:
    """Check this installation and this machine, and say what to do about each problem.

    A fault breaks livefilter, and the exit code is then 2. A note says what will not work here, say a window where
    there is no display.
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
        if check.cure:
            yield f"{'':<5}  {'':<{width}}  -> {check.cure}"


def _print_table(checks: Sequence[Check]) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    for check in checks:
        colour = _COLOURS[check.verdict]
        cure = f"\n[{colour}]->[/] {escape(check.cure)}" if check.cure else ""
        table.add_row(f"[{colour}]{check.verdict}[/]", check.name, escape(check.found) + cure)
    Console(emoji=False, highlight=False).print(table)
