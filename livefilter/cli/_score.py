"""``livefilter score``: the scores of every frame, no picture made."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import click

from livefilter.cli import _batch
from livefilter.cli import _shared as _run
from livefilter.cli._job_options import score_options
from livefilter.cli._progress import progress_bar

if TYPE_CHECKING:
    from livefilter.pipeline import JobSpec, OutputSpec


@click.command()
@click.argument("sources", nargs=-1, required=True, metavar="SOURCE...")
@click.option(
    "-o", "--output", help="A .csv, .jsonl or .parquet file; JSON Lines on standard output unless it or -d is given."
)
@_batch.batch_options
@click.option(
    "--format",
    "ending",
    type=click.Choice(["csv", "jsonl", "parquet"]),
    help="With -d: the tables' format; csv unless given.",
)
@click.option("--plot", help="Draw the scores over time to a .png, .svg or .pdf file; with -d, one of these endings.")
@_run.json_option
@_run.quiet_option
@score_options
def command(
    sources: tuple[str, ...],
    output: str | None,
    batch: _batch.Batch | None,
    ending: str | None,
    plot: str | None,
    as_json: bool,
    quiet: bool,
    make_recipe: Callable[[], JobSpec],
) -> int:
    """Score every frame of SOURCE: one row each, with index, time in seconds, horizontal, vertical and density.

    The preset gives the score's kernels and threshold; its steps are not run, since scores are of the unfiltered
    picture. With -d, any number of files, folders and globs give a table each, as with 'livefilter process'.
    """
    if batch is not None:
        _batch.refuse_with_folder({"-o": output})
        _batch.check_endings(None, plot)

        def make_wanted() -> OutputSpec:
            from livefilter.pipeline import OutputSpec

            return OutputSpec(scores=f".{ending or 'csv'}", plot=plot)

        return _batch.run(sources, batch, make_recipe, make_wanted, as_json=as_json, is_quiet=quiet)
    if ending is not None:
        raise click.UsageError("--format: is for several inputs; give -d FOLDER too, or name the file with -o")
    from livefilter.sources import display_name

    source = sources[0]
    with _run.stopping_on_signal() as should_stop, progress_bar(display_name(source), is_quiet=quiet) as progress:
        summary = make_recipe().run(
            source, None, scores=output or "-", plot=plot, progress=progress, should_stop=should_stop
        )
    return _run.report(summary, as_json=as_json, is_quiet=quiet, to_stderr=output in (None, "-"))
