"""``livefilter bench``: how fast it is here, side by side with others."""

from __future__ import annotations

from pathlib import Path

import click

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
@click.option("--readme", is_flag=True, help="The README's table: 1920x1080, hot, one thread, as Markdown.")
@click.option("--files", is_flag=True, help="Whole video files instead, beside FFmpeg (needs ffmpeg) and OpenCV.")
@click.option(
    "--clip",
    type=click.Path(dir_okay=False, path_type=Path),
    help="With --files: read this video instead of a made one of 1080p.",
)
@click.option("--long", "is_long", is_flag=True, help="With --files: half an hour of 640x360 too, for memory and ETA.")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
@click.option("--plot", type=click.Path(dir_okay=False, path_type=Path), help="Draw the ratios to a picture.")
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
) -> None:
    """Measure livefilter against the fastest OpenCV calls to the same pixels, and against what else is installed.

    JOB is a word of a job's name; all jobs run without one. Every output is compared in the same run; a difference
    beyond how ties are rounded ends the command with an error. Without --size: all sizes, hot and cold, one thread and
    all.
    """
    from itertools import product

    from livefilter.bench import SIZES, all_threads, as_markdown, as_table, jobs_named, measure
    from livefilter.bench import as_json as to_json
    from livefilter.errors import OptionError

    if files:
        refused = {"JOB": job, "--size": sizes, "--readme": readme, "--plot": plot}
        for name, value in refused.items():
            if value:
                raise click.UsageError(f"{name}: is for pictures, not with --files; leave it out")
        bench_files(clip, rounds or (_QUICK_FILE_ROUNDS if quick else _FILE_ROUNDS), is_long=is_long, as_json=as_json)
        return
    if clip is not None or is_long:
        raise click.UsageError("--clip, --long: are of --files; give it too")
    for size in sizes:
        if size not in SIZES:
            raise OptionError(f"--size: must be one of {', '.join(SIZES)}, found {size}")
    chosen = sizes or (("640x480",) if quick else ("1920x1080",) if readme else tuple(SIZES))
    single = quick or readme
    threads = (1,) if single or all_threads() == 1 else (1, all_threads())
    measured = []
    for one, size, count, is_cold in product(jobs_named(job), chosen, threads, (False,) if single else (False, True)):
        click.echo(f"{one.name}, {size}, {count} threads, {'cold' if is_cold else 'hot'}", err=True)
        count_rounds = rounds or (_SHORT_ROUNDS if quick else _ROUNDS)
        measured.append(measure(one, size, SIZES[size], threads=count, is_cold=is_cold, rounds=count_rounds))
    if as_json:
        click.echo(to_json(measured))
    elif readme:
        click.echo(as_markdown(measured))
    else:
        from rich.console import Console

        # A file or a pipe has no width; a table that is cut off would tell less than one that is wide.
        console = Console()
        Console(width=None if console.is_terminal else _FILE_WIDTH).print(as_table(measured))
    if plot is not None:
        from livefilter.bench._plot import plot as draw

        draw(measured, plot)
        click.echo(f"wrote {plot}", err=True)


def bench_files(path: Path | None, rounds: int, *, is_long: bool, as_json: bool) -> None:
    """Measure whole files, in a temporary folder, and print what came out."""
    from tempfile import TemporaryDirectory

    from rich.console import Console

    from livefilter.bench._clips import look_at, make_clip
    from livefilter.bench._files import measure_files
    from livefilter.bench._files_report import files_json, files_table, long_lines
    from livefilter.bench._long import measure_long

    with TemporaryDirectory(prefix="livefilter-bench-") as name:
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
        click.echo(files_json(measured, long))
        return
    console = Console()
    Console(width=None if console.is_terminal else _FILE_WIDTH).print(files_table(measured))
    for line in () if long is None else long_lines(long):
        click.echo(line)
