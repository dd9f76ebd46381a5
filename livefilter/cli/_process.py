"""``livefilter process``: every frame of a source, filtered, into a file; or of several, into a folder."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from typing import TYPE_CHECKING

import click

from livefilter.cli import _batch
from livefilter.cli import _shared as _run
from livefilter.cli._job_options import picture_options
from livefilter.cli._progress import progress_bar

if TYPE_CHECKING:
    from livefilter.pipeline import JobSpec, OutputSpec, Target


@click.command()
@click.argument("sources", nargs=-1, required=True, metavar="SOURCE...")
@click.option("-o", "--output", help="Video, pictures (frames/%05d.png, or a folder), or - for standard output.")
@_batch.batch_options
@click.option("--ending", metavar=".EXT", help="With -d: the videos' ending; the input's own unless given.")
@click.option("--scores", help="Write each frame's scores: a .csv, .jsonl or .parquet file, or - for standard output.")
@click.option("--plot", help="Draw the scores over time to a .png, .svg or .pdf file.")
@click.option("--window", is_flag=True, help="Show the result while it is made.")
@_run.json_option
@_run.quiet_option
@picture_options
def command(
    sources: tuple[str, ...],
    output: str | None,
    batch: _batch.Batch | None,
    ending: str | None,
    scores: str | None,
    plot: str | None,
    window: bool,
    as_json: bool,
    quiet: bool,
    make_recipe: Callable[[], JobSpec],
) -> int:
    """Filter every frame of SOURCE and write a video or pictures.

    Without -o, the video is named after the source and the preset, in this folder. With -d, any number of files,
    folders and globs go to a folder, one after the other or --jobs at once; --scores and --plot are then endings. One
    that fails does not stop the others; the exit code is the most serious of all: 1, 4, 3, 2, 5, 0.
    """
    if batch is None:
        if ending is not None:
            raise click.UsageError("--ending: is for several inputs; give -d FOLDER too, or name the file with -o")
        return filter_to_files(
            sources[0],
            output,
            make_recipe,
            scores=scores,
            plot=plot,
            with_window=window,
            as_json=as_json,
            is_quiet=quiet,
        )
    _batch.refuse_with_folder({"-o": output, "--window": window})
    _batch.check_endings(scores, plot)

    def make_wanted() -> OutputSpec:
        from livefilter.pipeline import OutputSpec
        from livefilter.sinks import VIDEO_SUFFIXES

        picture = "" if ending is None else f".{ending.lstrip('.').lower()}"
        if picture not in ("", *VIDEO_SUFFIXES):
            raise click.UsageError(f"--ending: is one of {', '.join(VIDEO_SUFFIXES)}, found {ending!r}")
        return OutputSpec(picture, scores, plot)

    return _batch.run(sources, batch, make_recipe, make_wanted, as_json=as_json, is_quiet=quiet)


def filter_to_files(
    source: str,
    output: str | None,
    make_recipe: Callable[[], JobSpec],
    *,
    scores: str | None,
    plot: str | None,
    with_window: bool,
    as_json: bool,
    is_quiet: bool,
) -> int:
    """Run the pipeline of ``process`` and ``demo``, report, and return the exit code."""
    with _run.stopping_on_signal() as should_stop, ExitStack() as opened:
        from livefilter.sinks import WindowSink
        from livefilter.sources import display_name

        job = make_recipe()
        targets: list[Target] = [output or f"{_run.file_stem(source)}-{_run.file_stem(job.preset.name)}.mp4"]
        if with_window:
            targets.append(opened.enter_context(WindowSink(f"livefilter: {display_name(source)}")))
        progress = opened.enter_context(progress_bar(display_name(source), is_quiet=is_quiet))
        summary = job.run(source, targets, scores=scores, plot=plot, progress=progress, should_stop=should_stop)
    return _run.report(summary, as_json=as_json, is_quiet=is_quiet, to_stderr="-" in (scores, output))
