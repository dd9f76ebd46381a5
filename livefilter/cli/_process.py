"""``livefilter process``: every frame of a source, filtered, into a file."""

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
@click.option("-o", "--output", help="Video (.mp4, .m4v, .mov, .mkv) or pictures (frames/%05d.png, or a folder).")
@_run.preset_option()
@click.option("--scores", help="Write each frame's scores: a .csv, .jsonl or .parquet file, or - for standard output.")
@_run.overlay_option
@_run.compare_option
@click.option("--window", is_flag=True, help="Show the result while it is made.")
@_run.overwrite_option
@_run.threads_option
@_run.json_option
@_run.quiet_option
@with_source_options
def command(
    source: str,
    output: str | None,
    preset: str,
    scores: str | None,
    overlay: bool,
    compare: str,
    window: bool,
    overwrite: bool,
    threads: int | None,
    as_json: bool,
    quiet: bool,
    source_options: SourceOptions,
) -> int:
    """Filter every frame of SOURCE and write a video or pictures.

    Without -o, the video is named after the source and the preset, in this folder.
    """
    return filter_to_files(
        source,
        output or f"{_run.file_stem(source)}-{_run.file_stem(preset)}.mp4",
        preset,
        scores=scores,
        overlay=overlay,
        compare=compare,
        with_window=window,
        overwrite=overwrite,
        threads=threads,
        as_json=as_json,
        is_quiet=quiet,
        source_options=source_options,
    )


def filter_to_files(
    source: str,
    output: str,
    preset: str,
    *,
    scores: str | None,
    overlay: bool,
    compare: str,
    with_window: bool,
    overwrite: bool,
    threads: int | None,
    as_json: bool,
    is_quiet: bool,
    source_options: SourceOptions | None = None,
) -> int:
    """Run the pipeline of ``process`` and ``demo``, report, and return the exit code."""
    with _run.stopping_on_signal() as should_stop:
        from contextlib import ExitStack
        from typing import cast

        from livefilter.overlays import Compare
        from livefilter.pipeline import Target, process
        from livefilter.sinks import WindowSink

        with ExitStack() as opened:
            targets: list[Target] = [output]
            if with_window:
                window = opened.enter_context(WindowSink(f"livefilter: {Path(source).name}"))
                targets.append(window)
            progress = opened.enter_context(_run.progress_bar(Path(source).name, is_quiet=is_quiet))
            summary = process(
                source,
                targets,
                preset,
                scores=scores,
                overlay=overlay,
                compare=cast(Compare, compare),
                overwrite=overwrite,
                threads=threads,
                progress=progress,
                should_stop=should_stop,
                source_options=source_options,
            )
    return _run.report(summary, as_json=as_json, is_quiet=is_quiet, to_stderr=scores == "-")
