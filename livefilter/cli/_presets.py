"""``livefilter presets``: list presets, show one, or draw what they make of an image."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import click

from livefilter.cli import _shared
from livefilter.cli._options import grouped_command, option

if TYPE_CHECKING:
    from livefilter.kernels import Kernel, Operation
    from livefilter.presets import Preset

_SHEET_COLUMNS = 4
_TILE_COLS = 320
_MAX_MATRIX_SIDE = 15


@grouped_command("List presets, or show one")
@click.argument("name", required=False)
@option("Other", "--schema", is_flag=True, help="Print the JSON Schema of preset files, for editors.")
@option("Input", "--image", metavar="SOURCE", help="Draw what the presets make of the first frame of SOURCE; needs -o.")
@option("Input", "--frame", type=click.IntRange(min=0), default=0, metavar="N", help="Frame of SOURCE to use.")
@option(
    "Output",
    "-o",
    "--output",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The image to write, a .png or .jpg file.",
)
@_shared.overwrite_option
@_shared.json_option
def command(
    name: str | None,
    schema: bool,
    image: str | None,
    frame: int,
    output: Path | None,
    overwrite: bool,
    as_json: bool,
) -> None:
    """List the presets, or show the preset NAME (a name or a path).

    With --image and -o, draw an image: before and after for NAME, or without NAME a sheet of all presets.
    """
    from livefilter import presets

    if schema:
        click.echo(json.dumps(presets.schema(), indent=2))
    elif (image is None) != (output is None):
        raise click.UsageError("--image and -o must be given together")
    elif image is not None and output is not None:
        chosen = [name] if name else presets.list_presets()
        _draw([presets.load_preset(one) for one in chosen], image, frame, output, overwrite=overwrite)
        click.echo(f"wrote {output}")
    elif name:
        _show(name, as_json=as_json)
    else:
        _list(as_json=as_json)


def _list(*, as_json: bool) -> None:
    from livefilter.errors import PresetError
    from livefilter.presets import list_presets, load_preset

    described = {}
    for name in list_presets():
        try:
            described[name] = load_preset(name).description
        except PresetError as error:  # A broken file of the user must not hide the others.
            described[name] = f"cannot be loaded: {error}"
    if as_json:
        click.echo(json.dumps(described, indent=2))
        return
    formatter = click.HelpFormatter(width=min(100, click.HelpFormatter().width))
    formatter.write_dl(list(described.items()))
    click.echo(formatter.getvalue(), nl=False)


def _show(name: str, *, as_json: bool) -> None:
    from livefilter.presets import find_preset, load_preset

    preset = load_preset(name)
    if as_json:
        click.echo(preset.model_dump_json(indent=2))
        return
    path = find_preset(name)
    click.echo(f"# {path}\n{path.read_text(encoding='utf-8').strip()}\n")
    for number, (step, operation) in enumerate(zip(preset.steps, preset.operations, strict=True), start=1):
        for kernel in _kernels(operation):
            click.echo(f"step {number}, {step.step}:\n{_matrix(kernel)}\n")


def _kernels(operation: Operation) -> list[Kernel]:
    from livefilter.kernels import Correlation, Gradient, Unsharp

    match operation:
        case Correlation(kernel) | Unsharp(kernel):
            return [kernel]
        case Gradient(x, y):
            return [x, y]
        case _:
            return []


def _matrix(kernel: Kernel) -> str:
    """Return a kernel as text: rows of numbers, with divisor and offset after the middle row."""
    rows, cols = kernel.shape
    if max(rows, cols) > _MAX_MATRIX_SIDE:
        return f"  {rows} x {cols} weights, too large to print"
    cells = [[str(weight) for weight in row] for row in kernel.integers.tolist()]
    width = max(len(cell) for row in cells for cell in row)
    lines = ["  [ " + "  ".join(cell.rjust(width) for cell in row) + " ]" for row in cells]
    middle = rows // 2
    if kernel.integer_divisor != 1:
        lines[middle] += f"  / {kernel.integer_divisor}"
    if kernel.integer_offset:
        lines[middle] += f"  + {Fraction(kernel.integer_offset, kernel.integer_divisor)}"
    return "\n".join(lines)


def _draw(chosen: list[Preset], image: str, frame: int, output: Path, *, overwrite: bool) -> None:
    """Write a sheet of the original image and each preset's result."""
    from itertools import islice

    from livefilter.compiler import Filter
    from livefilter.errors import SourceError
    from livefilter.layers import contact_sheet
    from livefilter.sinks import write_image
    from livefilter.sources import open_source

    with open_source(image) as source:
        original = next(islice(source, frame, None), None)
    if original is None:
        raise SourceError(f"{image}: has no frame {frame}")
    pictures = [("original", original.pixels)]
    pictures += [(preset.name, Filter(preset)(original.pixels).image) for preset in chosen]
    sheet = contact_sheet(pictures, columns=min(_SHEET_COLUMNS, len(pictures)), tile_cols=_TILE_COLS)
    write_image(output, sheet, overwrite=overwrite)
