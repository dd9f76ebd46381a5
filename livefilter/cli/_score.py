"""``livefilter score``: the scores of every frame, no picture made."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from livefilter.cli import _run
from livefilter.cli._source import source_options as with_source_options

if TYPE_CHECKING:
    from livefilter.sources import SourceOptions


@click.command()
@click.argument("source")
@click.option(
    "-o", "--output", default="-", help="A .csv, .jsonl or .parquet file; JSON Lines on standard output unless given."
)
@_run.preset_option()
@_run.overwrite_option
@_run.threads_option
@_run.quiet_option
@with_source_options
def command(
    source: str,
    output: str,
    preset: str,
    overwrite: bool,
    threads: int | None,
    quiet: bool,
    source_options: SourceOptions,
) -> int:
    """Score every frame of SOURCE: one row each, with index, time in seconds, horizontal, vertical and density.

    The preset gives the score's kernels and threshold; its steps are not run, since scores are of the unfiltered
    picture.
    """
    with _run.stopping_on_signal() as should_stop:
        from livefilter.pipeline import process

        with _run.progress_bar(Path(source).name, is_quiet=quiet) as progress:
            summary = process(
                source,
                None,
                preset,
                scores=output,
                overwrite=overwrite,
                threads=threads,
                progress=progress,
                should_stop=should_stop,
                source_options=source_options,
            )
    return _run.report(summary, is_quiet=quiet, to_stderr=True)
