"""``livefilter process``: filter a source into a file, or several into a folder."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from typing import TYPE_CHECKING

import click

from livefilter.cli import _batch, _shared
from livefilter.cli._options import grouped_command, option
from livefilter.cli._process_options import process_options
from livefilter.cli._progress import progress_bar

if TYPE_CHECKING:
    from livefilter.pipeline import OutputSpec, ProcessOptions, Target


@grouped_command("Filter a video, images or a stream to a file")
@click.argument("sources", nargs=-1, required=True, metavar="SOURCE...")
@option(
    "Output",
    "-o",
    "--output",
    metavar="FILE",
    show_default="SOURCE-PRESET.mp4",
    help="A video, images (frames/%05d.png, or a folder), or - for standard output.",
)
@option("Output", "--scores", metavar="FILE", help="Write the scores to a .csv, .jsonl or .parquet file, or to - .")
@option("Output", "--plot", metavar="FILE", help="Plot the scores over time to a .png, .svg or .pdf file.")
@option("Output", "--window", is_flag=True, help="Show the result while it is processed.")
@_batch.batch_options
@option("Batch", "--ending", metavar=".EXT", show_default="the input's", help="Container of the videos (with -d).")
@_shared.json_option
@_shared.quiet_option
@process_options
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
    make_options: Callable[[], ProcessOptions],
) -> int:
    """Filter every frame of SOURCE and write a video or images.

    With -d, SOURCE can be any number of files, folders and globs: each gives a file in that folder, and --scores and
    --plot take an extension such as .csv. An input that fails does not stop the others. The exit code is the most
    serious of all inputs: 1, 4, 3, 2, 5, 0.
    """
    if batch is None:
        if ending is not None:
            raise click.UsageError("--ending: is for several inputs; add -d FOLDER, or name the file with -o")
        return filter_to_files(
            sources[0],
            output,
            make_options,
            scores=scores,
            plot=plot,
            with_window=window,
            as_json=as_json,
            is_quiet=quiet,
        )
    _batch.reject_with_folder({"-o": output, "--window": window})
    _batch.check_extensions(scores, plot)

    def make_spec() -> OutputSpec:
        from livefilter.pipeline import OutputSpec
        from livefilter.sinks import VIDEO_SUFFIXES

        extension = "" if ending is None else f".{ending.lstrip('.').lower()}"
        if extension not in ("", *VIDEO_SUFFIXES):
            raise click.UsageError(f"--ending: must be one of {', '.join(VIDEO_SUFFIXES)}, found {ending!r}")
        return OutputSpec(extension, scores, plot)

    return _batch.run(sources, batch, make_options, make_spec, as_json=as_json, is_quiet=quiet)


def filter_to_files(
    source: str,
    output: str | None,
    make_options: Callable[[], ProcessOptions],
    *,
    scores: str | None,
    plot: str | None,
    with_window: bool,
    as_json: bool,
    is_quiet: bool,
) -> int:
    """Run ``process`` or ``demo`` on one source, print the summary, and return the exit code."""
    with _shared.stopping_on_signal() as should_stop, ExitStack() as opened:
        from livefilter.pipeline import run
        from livefilter.sinks import WindowSink
        from livefilter.sources import display_name

        options = make_options()
        targets: list[Target] = [output or f"{_shared.file_stem(source)}-{_shared.file_stem(options.preset.name)}.mp4"]
        if with_window:
            targets.append(opened.enter_context(WindowSink(f"livefilter: {display_name(source)}")))
        progress = opened.enter_context(progress_bar(display_name(source), is_quiet=is_quiet))
        summary = run(source, targets, options, scores=scores, plot=plot, progress=progress, should_stop=should_stop)
    return _shared.report_summary(summary, as_json=as_json, is_quiet=is_quiet, to_stderr="-" in (scores, output))
