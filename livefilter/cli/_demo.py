"""``livefilter demo``: the whole pipeline on a clip that comes with livefilter."""

from __future__ import annotations

from pathlib import Path

import click

from livefilter.cli import _run


@click.command()
@click.option(
    "-d",
    "--output-dir",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("livefilter-demo"),
    show_default=True,
    help="Folder for the results; made if it is missing.",
)
@_run.preset_option()
@_run.compare_option
@click.option("--window", is_flag=True, help="Show the result while it is made, if there is a display.")
@_run.quiet_option
def command(output_dir: Path, preset: str, compare: str, window: bool, quiet: bool) -> int:
    """Filter the clip that comes with livefilter: a video with overlay, and a table of scores."""
    from livefilter.cli._process import filter_to_files
    from livefilter.errors import DisplayError, SinkError
    from livefilter.shipped import shipped_folder
    from livefilter.sinks import check_display

    if window:
        try:
            check_display()
        except DisplayError as error:
            click.echo(f"livefilter: {error}", err=True)
            window = False
    try:
        output_dir.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SinkError(f"{output_dir}: cannot be made: {error.strerror}") from error
    name = _run.file_stem(preset)
    return filter_to_files(
        str(shipped_folder("recordings") / "webcam.mp4"),
        str(output_dir / f"webcam-{name}.mp4"),
        preset,
        scores=str(output_dir / f"webcam-{name}.csv"),
        overlay=True,
        compare=compare,
        with_window=window,
        overwrite=True,
        threads=None,
        as_json=False,
        is_quiet=quiet,
    )
