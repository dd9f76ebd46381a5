"""``livefilter bench``: how fast it is here, side by side with others."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

import click

from livefilter.cli import _shared as _run
from livefilter.cli._progress import make_bar

if TYPE_CHECKING:
    from rich.table import Table

    from livefilter.bench import Job, Measurement

_SHORT_ROUNDS, _ROUNDS = 3, 31
_QUICK_FILE_ROUNDS, _FILE_ROUNDS = 1, 5
_FILE_WIDTH = 160


@click.command()
@click.argument("job", nargs=-1)
@click.option("--size", "sizes", multiple=True, help="Only this size, such as 1920x1080; may be given again.")
@click.option(
    "--quick", is_flag=True, help="640x480, three rounds: enough to compare the pixels, not to trust the times."
)
@click.option("--rounds", type=click.IntRange(min=1), help=f"Rounds of each; {_ROUNDS} unless given.")
@click.option(
    "--markdown",
    "--readme",
    "readme",
    is_flag=True,
    help="Print the table of .github/docs/speed.md: 1920x1080, hot, one thread.",
)
@click.option("--files", is_flag=True, help="Whole video files instead, beside FFmpeg (needs ffmpeg) and OpenCV.")
@click.option(
    "--clip",
    type=click.Path(dir_okay=False, path_type=Path),
    help="With --files: read this video instead of a made one of 1080p.",
)
@click.option("--long", "is_long", is_flag=True, help="With --files: half an hour of 640x360 too, for memory and ETA.")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
@click.option("--plot", type=click.Path(dir_okay=False, path_type=Path), help="Draw the ratios to a picture.")
@_run.overwrite_option
def command(
    job: tuple[str, ...],
    sizes: tuple[str, ...],
    quick: bool,
    rounds: int | None,
    readme: bool,
    files: bool,
    clip: Path | None,
    is_long: bool,
    as_json: bool,
    plot: Path | None,
    overwrite: bool,
) -> None:
    """Measure livefilter against the fastest OpenCV calls to the same pixels, and against what else is installed.

    JOB is a word of a job's name; all jobs run without one. Every output is compared in the same run; a difference
    beyond how ties are rounded ends the command with an error. Without --size: all sizes, hot and cold, one thread and
    all.
    """
    from livefilter.bench import SIZES, as_markdown, as_table, jobs_named
    from livefilter.bench import as_json as to_json
    from livefilter.bench._plot import drawing
    from livefilter.errors import OptionError

    if files:
        refused = {"JOB": job, "--size": sizes, "--markdown": readme, "--plot": plot}
        for name, value in refused.items():
            if value:
                raise click.UsageError(f"{name}: is for pictures, not with --files; leave it out")
        bench_files(clip, rounds or (_QUICK_FILE_ROUNDS if quick else _FILE_ROUNDS), is_long=is_long, as_json=as_json)
        return
    if clip is not None or is_long:
        raise click.UsageError("--clip, --long: are of --files; give it too")
    if readme and as_json:
        raise click.UsageError("--markdown, --json: are two forms of one output; leave one out")
    for size in sizes:
        if size not in SIZES:
            raise OptionError(f"--size: must be one of {', '.join(SIZES)}, found {size}")
    chosen = sizes or (("640x480",) if quick else ("1920x1080",) if readme else tuple(SIZES))
    with _run.logs_on_standard_error(), nullcontext() if plot is None else drawing(plot, overwrite=overwrite) as draw:
        measured = []
        for group in _measured(
            jobs_named(job), chosen, rounds or (_SHORT_ROUNDS if quick else _ROUNDS), is_single=quick or readme
        ):
            measured += group
            if not (as_json or readme):  # Each as it is there: all together take long, and may be interrupted.
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
    """Yield what all jobs took, once for each size, number of threads and state of the caches."""
    from itertools import product

    from livefilter.bench import SIZES, measure
    from livefilter.cpus import usable_cpus

    threads = (1,) if is_single or usable_cpus() == 1 else (1, usable_cpus())
    for size, count, is_cold in product(sizes, threads, (False,) if is_single else (False, True)):
        group = []
        with _telling(len(jobs)) as tell:
            for job in jobs:
                tell(f"{size}, {count} thr., {'cold' if is_cold else 'hot'}", job.name)
                group.append(measure(job, size, SIZES[size], threads=count, is_cold=is_cold, rounds=rounds))
        yield group


@contextmanager
def _telling(total: int) -> Iterator[Callable[[str, str], None]]:
    """Give a function that tells what is measured now: by a bar on a terminal, and else in a line each."""
    if not sys.stderr.isatty():
        yield lambda state, job: click.echo(f"{state}: {job}", err=True)
        return
    with make_bar() as bar:
        task = bar.add_task("", total=total, completed=-1, count="", told="")

        def tell(state: str, job: str) -> None:
            bar.update(task, description=state, told=job, advance=1)

        yield tell


def _print(table: Table) -> None:
    """Print a table as wide as the terminal; a file or a pipe has no width, and nothing is to be cut off there."""
    from rich.console import Console

    console = Console()
    Console(width=None if console.is_terminal else _FILE_WIDTH, highlight=False).print(table)


@contextmanager
def _interrupted_by_sigterm() -> Iterator[None]:
    """Let SIGTERM do what Ctrl-C does, so that a folder with a gigabyte of frames does not stay behind."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def bench_files(path: Path | None, rounds: int, *, is_long: bool, as_json: bool) -> None:
    """Measure whole files, in a temporary folder, and print what came out."""
    from tempfile import TemporaryDirectory

    from livefilter.bench._clips import ffmpeg_version, look_at, make_clip
    from livefilter.bench._files import measure_files
    from livefilter.bench._files_report import files_json, files_table, long_lines
    from livefilter.bench._long_file import measure_long

    rival = f"FFmpeg {ffmpeg_version()}"  # Asked first: without it there is nothing to wait for.
    with _interrupted_by_sigterm(), TemporaryDirectory(prefix="livefilter-bench-") as name:
        folder = Path(name)
        click.echo("making the clip" if path is None else f"reading {path}", err=True)
        clip = make_clip(folder) if path is None else look_at(path)
        measured = []
        click.echo(f"{clip.title}: each way once to compare what it makes, then {rounds} rounds", err=True)
        for one in measure_files(clip, folder, rounds=rounds):
            measured.append(one)
            click.echo(f"{one.job}: done", err=True)
        long = None
        if is_long:
            click.echo("half an hour of 640x360", err=True)
            long = measure_long(make_clip(folder, size="640x360", seconds=60, repeated=30), folder)
    if as_json:
        click.echo(files_json(measured, long, rival))
        return
    _print(files_table(measured, rival))
    for line in () if long is None else long_lines(long):
        click.echo(line)
