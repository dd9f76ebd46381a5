"""``livefilter bench``: the speed of livefilter on this machine, next to OpenCV and others."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

import click

from livefilter.cli import _shared
from livefilter.cli._options import grouped_command, option
from livefilter.cli._progress import make_bar

if TYPE_CHECKING:
    from rich.table import Table

    from livefilter.bench import Job, Measurement

_SHORT_ROUNDS, _ROUNDS = 3, 31
_FILE_WIDTH = 160


@grouped_command("Measure the speed against OpenCV")
@click.argument("job", nargs=-1)
@option(
    "Other",
    "--size",
    "sizes",
    multiple=True,
    metavar="WxH",
    show_default="all sizes",
    help="Measure this size, such as 1920x1080; repeat for several.",
)
@option(
    "Other",
    "--quick",
    is_flag=True,
    help="640x480, three rounds: enough to compare pixels, not to trust times.",
)
@option(
    "Other",
    "--rounds",
    type=click.IntRange(min=1),
    metavar="N",
    show_default=str(_ROUNDS),
    help="Rounds of each job.",
)
@option(
    "Other",
    "--markdown",
    "--readme",
    "readme",
    is_flag=True,
    help="Print the table of .github/docs/speed.md: 1920x1080, hot, one thread.",
)
@option(
    "Output",
    "--plot",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Draw the ratios to a .png, .svg or .pdf file.",
)
@_shared.overwrite_option
@_shared.json_option
def command(
    job: tuple[str, ...],
    sizes: tuple[str, ...],
    quick: bool,
    rounds: int | None,
    readme: bool,
    as_json: bool,
    plot: Path | None,
    overwrite: bool,
) -> None:
    """Measure livefilter against the fastest OpenCV calls that produce the same pixels, and against other packages.

    JOB is part of a job's name; without one, all jobs run. Every output is compared in the same run, and a difference
    of more than rounding is an error. Without --size, each job runs at all sizes, with hot and cold caches, on one
    thread and on all CPUs.
    """
    from livefilter.bench import SIZES, as_markdown, as_table, jobs_named, plot_to_file
    from livefilter.bench import as_json as to_json
    from livefilter.errors import OptionError

    if readme and as_json:
        raise click.UsageError("--markdown, --json: only one output format is possible; leave one out")
    for size in sizes:
        if size not in SIZES:
            raise OptionError(f"--size: must be one of {', '.join(SIZES)}, found {size}")
    chosen = sizes or (("640x480",) if quick else ("1920x1080",) if readme else tuple(SIZES))
    with (
        _shared.logs_on_standard_error(),
        nullcontext() if plot is None else plot_to_file(plot, overwrite=overwrite) as draw,
    ):
        measured = []
        for group in _measured(
            jobs_named(job), chosen, rounds or (_SHORT_ROUNDS if quick else _ROUNDS), is_single=quick or readme
        ):
            measured += group
            if not (as_json or readme):  # At once: the whole run takes long, and may be interrupted.
                _print(as_table(group))
        if as_json:
            click.echo(to_json(measured))
        elif readme:
            click.echo(as_markdown(measured))
        if draw is not None:
            draw(measured)
            click.echo(f"wrote {plot}", err=True)


def _measured(
    jobs: Sequence[Job], sizes: Sequence[str], rounds: int, *, is_single: bool
) -> Iterator[list[Measurement]]:
    """Yield the measurements of all jobs, for each size, number of threads and state of the caches."""
    from itertools import product

    from livefilter.bench import SIZES, measure
    from livefilter.cpus import usable_cpus

    threads = (1,) if is_single or usable_cpus() == 1 else (1, usable_cpus())
    for size, count, is_cold in product(sizes, threads, (False,) if is_single else (False, True)):
        group = []
        with _showing_progress(len(jobs)) as show:
            for job in jobs:
                show(f"{size}, {count} thr., {'cold' if is_cold else 'hot'}", job.name)
                group.append(measure(job, size, SIZES[size], threads=count, is_cold=is_cold, rounds=rounds))
        yield group


@contextmanager
def _showing_progress(total: int) -> Iterator[Callable[[str, str], None]]:
    """Yield a function that shows the current measurement: in a bar on a terminal, or else as a line each."""
    if not sys.stderr.isatty():
        yield lambda state, job: click.echo(f"{state}: {job}", err=True)
        return
    with make_bar() as bar:
        task = bar.add_task("", total=total, completed=-1, count="", message="")

        def show(state: str, job: str) -> None:
            bar.update(task, description=state, message=job, advance=1)

        yield show


def _print(table: Table) -> None:
    """Print a table as wide as the terminal, or, since files and pipes have no width, wide enough for all cells."""
    from rich.console import Console

    console = Console()
    Console(width=None if console.is_terminal else _FILE_WIDTH, highlight=False).print(table)
