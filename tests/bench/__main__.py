"""The benchmarks of livefilter's developers: whole files next to FFmpeg, a long file, and Halide.

    python -m tests.bench files

Run it from the root of the repository. What users measure is in ``livefilter bench``, whose measuring core this uses.
"""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import click
from rich.console import Console
from rich.table import Table

from livefilter.bench import SIZES, as_json, as_table, jobs_named, measure
from livefilter.cli import exit_code_and_message
from livefilter.errors import LivefilterError, OptionError
from tests.bench.clips import ffmpeg_version, inspect_clip, make_clip
from tests.bench.files import measure_files
from tests.bench.files_report import files_json, files_table, long_json, long_lines
from tests.bench.halide_schedules import halide_competitor, has_schedule
from tests.bench.long_file import measure_long

_WIDTH = 160
"""Columns of a table in a file or pipe, which have no width."""

_json_option = click.option("--json", "is_json", is_flag=True, help="Print the result as JSON.")


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def commands() -> None:
    """Measure what only developers of livefilter need."""


@commands.command()
@click.option(
    "--clip",
    "path",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Read this video, not a generated one of 1080p.",
)
@click.option("--rounds", type=click.IntRange(min=1), default=5, show_default=True, help="Rounds of each method.")
@_json_option
def files(path: Path | None, rounds: int, is_json: bool) -> None:
    """Measure score and process on a whole file, against FFmpeg and a plain OpenCV loop.

    Outputs are compared first. The table shows which goals are met and which are missed. Needs ffmpeg.
    """
    competitor = f"FFmpeg {ffmpeg_version()}"  # First, since it fails without ffmpeg.
    with _temporary_folder() as folder:
        click.echo("encoding the clip" if path is None else f"reading {path}", err=True)
        clip = make_clip(folder) if path is None else inspect_clip(path)
        measured = []
        click.echo(f"{clip.title}: each method once to compare its output, then {rounds} rounds", err=True)
        for measurement in measure_files(clip, folder, rounds=rounds):
            measured.append(measurement)
            click.echo(f"{measurement.job}: done", err=True)
    if is_json:
        click.echo(files_json(measured, competitor))
    else:
        _print(files_table(measured, competitor))


@commands.command()
@click.option(
    "--minutes", type=click.IntRange(min=1), default=30, show_default=True, help="Length of the generated clip."
)
@_json_option
def long(minutes: int, is_json: bool) -> None:
    """Measure memory and the remaining time that process predicts, on a long clip of 640x360.

    Memory must stay flat, and the prediction after the first tenth must come true. Needs ffmpeg.
    """
    with _temporary_folder() as folder:
        click.echo(f"encoding {minutes} minutes of 640x360", err=True)
        clip = make_clip(folder, size="640x360", seconds=60, repeated=minutes)
        click.echo(f"{clip.title}: processing it", err=True)
        measured = measure_long(clip, folder)
    click.echo(long_json(measured) if is_json else "\n".join(long_lines(measured)))


@commands.command()
@click.argument("job", nargs=-1)
@click.option("--size", type=click.Choice(list(SIZES)), default="640x480", show_default=True, help="Size of the frame.")
@click.option("--rounds", type=click.IntRange(min=1), default=31, show_default=True, help="Rounds of each job.")
@_json_option
def halide(job: tuple[str, ...], size: str, rounds: int, is_json: bool) -> None:
    """Measure livefilter against Halide's hand-written schedules and OpenCV, hot and on one thread.

    JOB is part of a job's name; without one, all jobs that have schedules run. Every output is compared in the same
    run, and a difference of more than rounding is an error.
    """
    jobs = [chosen for chosen in jobs_named(job) if has_schedule(chosen)]
    if not jobs:
        raise OptionError(f"job: Halide has no schedule for {', '.join(job)}; name another job, or none for all")
    measured = []
    for chosen in jobs:
        click.echo(chosen.name, err=True)
        measured.append(
            measure(chosen, size, SIZES[size], threads=1, is_cold=False, rounds=rounds, competitors=halide_competitor)
        )
    if is_json:
        click.echo(as_json(measured))
    else:
        _print(as_table(measured))


@contextmanager
def _temporary_folder() -> Iterator[Path]:
    """Yield a folder that is removed at the end, also after Ctrl-C or SIGTERM: it may hold a gigabyte of frames."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with TemporaryDirectory(prefix="livefilter-bench-") as name:
            yield Path(name)
    finally:
        signal.signal(signal.SIGTERM, before)


def _print(table: Table) -> None:
    """Print a table as wide as the terminal or, into a file or pipe, wide enough for all cells."""
    width = None if sys.stdout.isatty() else _WIDTH
    Console(width=width, highlight=False).print(table)


def run(arguments: Sequence[str]) -> int:
    """Run a command and return its exit code: that of ``livefilter`` for the same error."""
    try:
        commands.main(list(arguments), prog_name="python -m tests.bench", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (LivefilterError, KeyboardInterrupt, click.Abort) as error:
        code, message = exit_code_and_message(error)
        click.echo(f"tests.bench: {message}", err=True)
        return code
    return 0


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:]))
