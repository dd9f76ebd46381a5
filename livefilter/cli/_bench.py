"""``livefilter bench``: the speed of livefilter on this machine, next to OpenCV and others."""

from __future__ import annotations

import signal
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
_QUICK_FILE_ROUNDS, _FILE_ROUNDS = 1, 5
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
    show_default=f"{_ROUNDS}, or {_FILE_ROUNDS} with --files",
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
@option("Input", "--files", is_flag=True, help="Measure whole video files, against FFmpeg (needs ffmpeg) and OpenCV.")
@option(
    "Input",
    "--clip",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Read this video, not a generated one of 1080p (with --files).",
)
@option(
    "Input", "--long", "is_long", is_flag=True, help="Also measure half an hour of 640x360: memory, ETA (with --files)."
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
    files: bool,
    clip: Path | None,
    is_long: bool,
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

    if files:
        rejected = {"JOB": job, "--size": sizes, "--markdown": readme, "--plot": plot}
        for name, value in rejected.items():
            if value:
                raise click.UsageError(f"{name}: is not for --files; leave it out")
        bench_files(clip, rounds or (_QUICK_FILE_ROUNDS if quick else _FILE_ROUNDS), is_long=is_long, as_json=as_json)
        return
    if clip is not None or is_long:
        raise click.UsageError("--clip, --long: need --files; add it")
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


@contextmanager
def _interrupted_by_sigterm() -> Iterator[None]:
    """Let SIGTERM interrupt as Ctrl-C does, so that a temporary folder with a gigabyte of frames is removed."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def bench_files(path: Path | None, rounds: int, *, is_long: bool, as_json: bool) -> None:
    """Measure whole files, in a temporary folder, and print the results."""
    from tempfile import TemporaryDirectory

    from livefilter.bench import (
        ffmpeg_version,
        files_json,
        files_table,
        inspect_clip,
        long_lines,
        make_clip,
        measure_files,
        measure_long,
    )

    competitor = f"FFmpeg {ffmpeg_version()}"  # First, since it fails without ffmpeg.
    with _interrupted_by_sigterm(), TemporaryDirectory(prefix="livefilter-bench-") as name:
        folder = Path(name)
        click.echo("encoding the clip" if path is None else f"reading {path}", err=True)
        clip = make_clip(folder) if path is None else inspect_clip(path)
        measured = []
        click.echo(f"{clip.title}: each method once to compare its output, then {rounds} rounds", err=True)
        for measurement in measure_files(clip, folder, rounds=rounds):
            measured.append(measurement)
            click.echo(f"{measurement.job}: done", err=True)
        long = None
        if is_long:
            click.echo("half an hour of 640x360", err=True)
            long = measure_long(make_clip(folder, size="640x360", seconds=60, repeated=30), folder)
    if as_json:
        click.echo(files_json(measured, long, competitor))
        return
    _print(files_table(measured, competitor))
    for line in () if long is None else long_lines(long):
        click.echo(line)
