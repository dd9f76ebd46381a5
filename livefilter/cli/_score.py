"""``livefilter score``: the edge scores of every frame, without images."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import click

from livefilter.cli import _batch, _shared
from livefilter.cli._options import grouped_command, option
from livefilter.cli._process_options import score_options
from livefilter.cli._progress import progress_bar

if TYPE_CHECKING:
    from livefilter.pipeline import OutputSpec, ProcessOptions


@grouped_command("Write the edge scores of every frame")
@click.argument("sources", nargs=-1, required=True, metavar="SOURCE...")
@option(
    "Output",
    "-o",
    "--output",
    metavar="FILE",
    show_default="JSON Lines on standard output",
    help="A .csv, .jsonl or .parquet file, or - for standard output.",
)
@option(
    "Output",
    "--plot",
    metavar="FILE",
    help="Plot the scores to a .png, .svg or .pdf file (with -d, the extension).",
)
@_batch.batch_options
@option(
    "Batch",
    "--format",
    "ending",
    type=click.Choice(["csv", "jsonl", "parquet"]),
    show_default="csv",
    help="Format of the tables (with -d).",
)
@_shared.json_option
@_shared.quiet_option
@score_options
def command(
    sources: tuple[str, ...],
    output: str | None,
    batch: _batch.Batch | None,
    ending: str | None,
    plot: str | None,
    as_json: bool,
    quiet: bool,
    make_options: Callable[[], ProcessOptions],
) -> int:
    """Score the edges of every frame of SOURCE.

    Each row has the frame's index, its time in seconds, and the scores: horizontal, vertical and density. The preset
    sets the kernels and the threshold of the scores; its steps do not run, since scores are of the unfiltered frame.
    With -d, SOURCE can be any number of files, folders and globs: each gives a table in that folder.
    """
    if batch is not None:
        _batch.reject_with_folder({"-o": output})
        _batch.check_extensions(None, plot)

        def make_spec() -> OutputSpec:
            from livefilter.pipeline import OutputSpec

            return OutputSpec(scores=f".{ending or 'csv'}", plot=plot)

        return _batch.run(sources, batch, make_options, make_spec, as_json=as_json, is_quiet=quiet)
    if ending is not None:
        raise click.UsageError("--format: is for several inputs; add -d FOLDER, or name the file with -o")
    from livefilter.pipeline import run
    from livefilter.sources import display_name

    source = sources[0]
    with _shared.stopping_on_signal() as should_stop, progress_bar(display_name(source), is_quiet=quiet) as progress:
        summary = run(
            source,
            None,
            make_options(),
            scores=output or "-",
            plot=plot,
            progress=progress,
            should_stop=should_stop,
        )
    return _shared.report_summary(summary, as_json=as_json, is_quiet=quiet, to_stderr=output in (None, "-"))
