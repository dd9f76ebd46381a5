"""``livefilter devices``: the cameras of this machine and their formats."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from livefilter.cli._options import grouped_command
from livefilter.cli._shared import json_option

if TYPE_CHECKING:
    from livefilter.sources import CameraFacts, Mode


@grouped_command("List cameras and their formats")
@json_option
def command(as_json: bool) -> None:
    """List the cameras: names, paths, and the formats, sizes and rates that they offer.

    The number in the first column opens the camera, for example 'livefilter preview 0'. --fourcc, --size and --rate
    request one of the listed formats, sizes and rates.
    """
    from livefilter.sources import list_cameras

    cameras = list_cameras()
    if as_json:
        click.echo(json.dumps([_as_json(camera) for camera in cameras]))
        return
    for camera in cameras:
        click.echo("\n".join(_lines(camera)))
    if not cameras:
        click.echo("livefilter: no camera found; 'livefilter doctor' says what to do", err=True)


def _lines(camera: CameraFacts) -> Iterator[str]:
    yield "  ".join(filter(None, (f"{camera.index}", camera.name, camera.path, camera.about and f"({camera.about})")))
    if camera.problem is not None:
        yield f"   {camera.problem}"
    for mode in camera.modes:
        sizes = " to ".join(f"{cols}x{rows}" for rows, cols in filter(None, (mode.size, mode.largest)))
        rates = (" to " if mode.largest else ", ").join(f"{float(rate):.4g}" for rate in mode.rates)
        yield f"   {mode.format:<4}  {sizes}" + f"  {rates} fps" * bool(rates)


def _as_json(camera: CameraFacts) -> dict[str, Any]:
    return {
        "index": camera.index,
        "name": camera.name,
        "path": camera.path,
        "about": camera.about,
        "problem": camera.problem,
        "modes": [_mode_as_json(mode) for mode in camera.modes],
    }


def _mode_as_json(mode: Mode) -> dict[str, Any]:
    (rows, cols), (max_rows, max_cols) = mode.size, mode.largest or mode.size
    return {
        "format": mode.format,
        "cols": cols,
        "rows": rows,
        "most_cols": max_cols,
        "most_rows": max_rows,
        "rates": [float(rate) for rate in mode.rates],
    }
