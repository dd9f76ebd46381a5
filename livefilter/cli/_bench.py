"""``livefilter bench``: how fast it is here, side by side with others."""

from __future__ import annotations

from pathlib import Path

import click

_SHORT_ROUNDS, _ROUNDS = 3, 31
_FILE_WIDTH = 160


@click.command()
@click.argument("job", nargs=-1)
@click.option("--size", "sizes", multiple=True, help="Only this size, such as 1920x1080; may be given again.")
@click.option(
    "--quick", is_flag=True, help="640x480, three rounds: enough to compare the pixels, not to trust the times."
)
@click.option("--rounds", type=click.IntRange(min=1), help=f"Rounds of each; {_ROUNDS} unless given.")
@click.option("--readme", is_flag=True, help="The README's table: 1920x1080, hot, one thread, as Markdown.")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
@click.option("--plot", type=click.Path(dir_okay=False, path_type=Path), help="Draw the ratios to a picture.")
def command(
    job: tuple[str, ...],
    sizes: tuple[str, ...],
    quick: bool,
    rounds: int | None,
    readme: bool,
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
