"""``livefilter demo``: the whole pipeline on a clip that comes with livefilter."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, cast

import click

from livefilter.cli import _shared as _run

if TYPE_CHECKING:
    from livefilter.pipeline import JobSpec


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
    from livefilter.resources import resource_folder
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

    def make_recipe() -> JobSpec:
        from livefilter.overlays import Compare
        from livefilter.pipeline import JobSpec
        from livefilter.presets import load_preset

        return JobSpec(preset=load_preset(preset), compare=cast(Compare, compare), overwrite=True)

    with _run.logs_on_standard_error(is_quiet=quiet):
        return filter_to_files(
            str(resource_folder("recordings") / "webcam.mp4"),
            str(output_dir / f"webcam-{name}.mp4"),
            make_recipe,
            scores=str(output_dir / f"webcam-{name}.csv"),
            plot=None,
            with_window=window,
            as_json=False,
            is_quiet=quiet,
        )
