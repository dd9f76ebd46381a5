"""``livefilter demo``: the whole pipeline on the clip that livefilter ships."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, cast

import click

from livefilter.cli import _shared
from livefilter.cli._options import grouped_command, option

if TYPE_CHECKING:
    from livefilter.pipeline import ProcessOptions


@grouped_command("Filter the clip that livefilter ships")
@option(
    "Output",
    "-d",
    "--output-dir",
    metavar="FOLDER",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("livefilter-demo"),
    help="Folder of the results; created if missing.",
)
@_shared.preset_option()
@_shared.compare_option
@option("Output", "--window", is_flag=True, help="Show the result while it is processed, if there is a display.")
@_shared.quiet_option
def command(output_dir: Path, preset: str, compare: str, window: bool, quiet: bool) -> int:
    """Filter the clip that livefilter ships: a video with overlay, and a table of scores. Needs no camera."""
    from livefilter.cli._process import filter_to_files
    from livefilter.errors import DisplayError, SinkError
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
        raise SinkError(f"{output_dir}: cannot be created: {error.strerror}") from error
    name = _shared.file_stem(preset)

    def make_options() -> ProcessOptions:
        from livefilter.layers import Compare
        from livefilter.pipeline import ProcessOptions
        from livefilter.presets import load_preset

        return ProcessOptions(preset=load_preset(preset), compare=cast(Compare, compare), overwrite=True)

    with _shared.logs_on_standard_error(is_quiet=quiet):
        return filter_to_files(
            "sample:webcam",
            str(output_dir / f"webcam-{name}.mp4"),
            make_options,
            scores=str(output_dir / f"webcam-{name}.csv"),
            plot=None,
            with_window=window,
            as_json=False,
            is_quiet=quiet,
        )
