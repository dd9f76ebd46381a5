"""``livefilter preview``: a filtered source in a window."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from livefilter.cli import _run
from livefilter.cli._source import source_options as with_source_options

if TYPE_CHECKING:
    from livefilter.sources import SourceOptions


@click.command()
@click.argument("source", default="0")
@_run.preset_option()
@_run.overlay_option
@_run.compare_option
@click.option(
    "--snapshot-dir",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path(),
    help="Folder for snapshots; this folder unless given.",
)
@_run.threads_option
@_run.quiet_option
@with_source_options
def command(
    source: str,
    preset: str,
    overlay: bool,
    compare: str,
    snapshot_dir: Path,
    threads: int | None,
    quiet: bool,
    source_options: SourceOptions,
) -> int:
    """Show SOURCE (the first camera unless given) through a preset.

    \b
    q, Esc   quit                     o   overlay on, off
    space    pause, go on             c   compare: none, side, wipe, pip
    s        save a snapshot          h   help
    1 to 9   change the preset
    """  # noqa: D301 - click wants the character itself
    with _run.stopping_on_signal() as should_stop:
        from typing import cast

        from livefilter.overlays import Compare
        from livefilter.pipeline import Preview
        from livefilter.presets import list_presets, load_preset
        from livefilter.sinks import WindowSink, check_display
        from livefilter.sources import open_source

        check_display()
        started_with = load_preset(preset)
        with (
            open_source(source, source_options, should_stop=should_stop) as opened,
            WindowSink(f"livefilter: {opened.facts.name}") as window,
        ):
            preview = Preview(
                opened,
                started_with,
                presets=list_presets(),
                window=window,
                compare=cast(Compare, compare),
                overlay=overlay,
                snapshot_folder=snapshot_dir,
                threads=threads,
                announce=lambda line: click.echo(line, err=True),
            )
            summary = preview.run(should_stop)
    return _run.report(summary, is_quiet=quiet)
