"""``livefilter explain``: the computation of one pixel, as text and as a figure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from livefilter.cli import _shared
from livefilter.cli._options import grouped_command, option

if TYPE_CHECKING:
    from livefilter.cli.explain._figure import Explanation, KernelOperation, KernelProducts
    from livefilter.frame import Pixels
    from livefilter.presets import Preset

_LINE = 100


def _parse_position(ctx: click.Context, option: click.Parameter, text: str | None) -> tuple[int, int] | None:
    match = re.fullmatch(r"\s*(\d{1,9})\s*,\s*(\d{1,9})\s*", text or "")
    if text is not None and not match:
        raise click.BadParameter(f"must be ROW,COL, two whole numbers from 0, found {text!r}")
    return (int(match[1]), int(match[2])) if match else None


def _check_extension(ctx: click.Context, option: click.Parameter, path: Path | None) -> Path | None:
    if path is None:
        return None
    from livefilter.sinks import PLOT_SUFFIXES

    if path.suffix.lower() not in PLOT_SUFFIXES:
        raise click.BadParameter(f"the ending must be one of {', '.join(PLOT_SUFFIXES)}, found {path.suffix or 'none'}")
    return path


@grouped_command("Show how one pixel is computed")
@click.argument("subject", metavar="PRESET_OR_KERNEL")
@option(
    "Filter",
    "--step",
    type=click.IntRange(min=1),
    metavar="N",
    show_default="the first with a kernel",
    help="Step of the preset to explain.",
)
@option("Input", "--image", default="synthetic:chart", metavar="SOURCE", help="Source of the image: its first frame.")
@option(
    "Input",
    "--at",
    metavar="ROW,COL",
    callback=_parse_position,
    show_default="the strongest response",
    help="Pixel to explain.",
)
@option(
    "Output",
    "-o",
    "--output",
    metavar="FILE",
    type=click.Path(path_type=Path),
    callback=_check_extension,
    help="Draw a figure: a .png, .svg or .pdf file.",
)
@_shared.overwrite_option
@option("Output", "--plan", "view", flag_value="plan", help="Print how the steps are computed, and their cost.")
@option("Output", "--source", "view", flag_value="source", help="Print the code generated for the preset.")
@option("Output", "--asm-summary", "view", flag_value="assembly", help="Count the vector instructions.")
def command(
    subject: str,
    step: int | None,
    image: str,
    at: tuple[int, int] | None,
    output: Path | None,
    overwrite: bool,
    view: str | None,
) -> None:
    """Show how one pixel is computed: window, kernel, products, their sum, rounding and saturation.

    With -o, livefilter draws the numbers below both images. --plan, --source and --asm-summary show how the whole
    preset is computed instead.

    PRESET_OR_KERNEL is a preset (a name or a path), a matrix such as "[[0, 1], [1, 0]]", or a named kernel: sobel,
    scharr, prewitt (along the columns; sobel-rows and so on: down the rows), laplacian, laplacian-8, sharpen, emboss,
    horizontal-edge, vertical-edge, and of any size box-3, gaussian-5 and so on.

    If a preset and a kernel share a name, kernel:sharpen is the kernel.
    """
    from livefilter.cli.explain._figure import explain
    from livefilter.cli.explain._plan import assembly_text, plan_text, source_text
    from livefilter.cli.explain._target import resolve_target
    from livefilter.compiler import Filter

    preset = resolve_target(subject, step)
    if view is not None:
        click.echo({"plan": plan_text, "source": source_text, "assembly": assembly_text}[view](preset))
        return
    chosen, operation = _choose_step(preset, step)
    pixels = _first_frame(image)
    before, after = (
        Filter(preset.model_copy(update={"steps": preset.steps[:count]}))(pixels).image
        for count in (chosen - 1, chosen)
    )
    explained = explain(operation, before, after, at or strongest_response(operation, before))
    title, note = _title(preset, chosen), _note(explained, image, chosen)
    if output is None:
        click.echo("\n".join(_text(explained, title, note)))
    else:
        with _shared.logs_on_standard_error():
            _draw(explained, output, title, note, overwrite=overwrite)
        click.echo(f"wrote {output}")


def _choose_step(preset: Preset, requested: int | None) -> tuple[int, KernelOperation]:
    """Return the number of the step to explain, from 1, and its operation.

    Raises:
        OptionError: There is no such step, or it has no kernel.
    """
    from livefilter.cli.explain._figure import KernelOperation
    from livefilter.errors import OptionError

    with_kernel = {
        number: operation
        for number, operation in enumerate(preset.operations, start=1)
        if isinstance(operation, KernelOperation)
    }
    if not with_kernel:
        raise OptionError(f"{preset.name}: none of its steps has a kernel, so there is nothing to explain")
    chosen = requested or min(with_kernel)
    if chosen not in with_kernel:
        kinds = ", ".join(f"{at} ({preset.steps[at - 1].step})" for at in with_kernel)
        raise OptionError(f"step: must be a step of {preset.name} with a kernel, one of {kinds}; found {requested}")
    return chosen, with_kernel[chosen]


def _first_frame(image: str) -> Pixels:
    from livefilter.errors import SourceError
    from livefilter.sources import open_source

    with open_source(image) as source:
        frame = next(iter(source), None)
    if frame is None:
        raise SourceError(f"{image}: has no frame")
    return frame.pixels


def strongest_response(operation: KernelOperation, image: Pixels) -> tuple[int, int]:
    """Return (row, col) of the strongest response: the largest |sum of weights * (pixel - pixel under the anchor)|.

    For kernels whose weights add up to zero that is the largest absolute response; for others, such as a blur, the
    pixel that changes most rather than the brightest one. Windows inside the image win over windows across its border,
    then the first in reading order.
    """
    import numpy as np

    from livefilter.cli.explain._figure import kernels_of
    from livefilter.compiler import correlate
    from livefilter.kernels import Gradient, Kernel, reference

    strengths, is_inside = [], np.ones(image.shape, dtype=np.bool_)
    for kernel in kernels_of(operation):
        weights = [[weight / 4 for weight in row] for row in kernel.fractions]
        weights[kernel.origin[0]][kernel.origin[1]] -= sum(map(sum, weights))
        change = Kernel(weights, anchor=kernel.origin)
        strengths.append(np.abs(correlate(image, change, border=operation.border, dtype=np.float32)))
        inside = reference.pad(np.ones_like(image), kernel, "constant")
        is_inside &= np.lib.stride_tricks.sliding_window_view(inside, kernel.shape).all(axis=(2, 3))
    norm = operation.norm if isinstance(operation, Gradient) else "max"
    strength = {"l1": np.add, "l2": np.hypot, "max": np.maximum}[norm](strengths[0], strengths[-1])
    strength[~is_inside & is_inside.any()] = -1
    row, col = np.unravel_index(np.argmax(strength), image.shape)
    return int(row), int(col)


def _title(preset: Preset, step: int) -> str:
    settings = preset.steps[step - 1]
    if len(preset.steps) == 1 and not preset.description:
        return preset.name
    options = settings.model_dump(exclude_defaults=True, exclude={"step", "weights", "x", "y"})
    listed = ", ".join(
        f"{key} {value:g}" if isinstance(value, float) else f"{key} {value}" for key, value in options.items()
    )
    return f"{preset.name}, step {step} of {len(preset.steps)}: {settings.step}" + (f" ({listed})" if listed else "")


def _note(explained: Explanation, image: str, step: int) -> str:
    row, col = explained.position
    earlier = {1: "", 2: ", after step 1"}.get(step, f", after steps 1 to {step - 1}")
    outside = max(int((~part.is_inside).sum()) for part in explained.kernels)
    border = f"; {outside} of the window's pixels are outside the image: {explained.border}" if outside else ""
    return f"{image}{earlier}; row {row}, column {col}{border}"


def _text(explained: Explanation, title: str, note: str) -> Iterator[str]:
    from livefilter.cli.explain._figure import number

    yield from (title, note, "")
    for part in explained.kernels:
        yield from _matrices(part)
        if part.name:
            yield f"{part.name}: sum of the products {number(part.total)}"
        yield ""
    stages = [(words, number(value)) for words, value in explained.stages]
    stages.append(("pixel of the filtered image", str(explained.result)))
    width, digits = (max(len(stage[at]) for stage in stages) for at in (0, 1))
    yield from (f"{words:<{width}}  {value:>{digits}}" for words, value in stages)


def _matrices(part: KernelProducts) -> Iterator[str]:
    """Yield window, kernel and products: side by side if a line holds them, otherwise below each other."""
    from livefilter.cli.explain._figure import MAX_NUMBERS, number

    named = {"window": part.window, f"kernel {part.name}".rstrip(): part.weights, "products": part.products}
    rows, cols = part.window.shape
    if max(rows, cols) > MAX_NUMBERS:
        for name, values in named.items():
            yield f"{name}: {rows} x {cols} numbers, {number(values.min())} to {number(values.max())}"
        yield "too large to print; -o figure.png draws them"
        return
    blocks = [
        _block(name, [[number(value) for value in row] for row in values.tolist()]) for name, values in named.items()
    ]
    if sum(len(block[0]) for block in blocks) + 10 > _LINE:
        yield "\n\n".join("\n".join(map(str.rstrip, block)) for block in blocks)
        return
    for at, (window, kernel, products) in enumerate(zip(*blocks, strict=True)):
        times, equals = ("x", "=") if at == 1 + rows // 2 else (" ", " ")
        yield f"{window}  {times}  {kernel}  {equals}  {products}".rstrip()


def _block(name: str, cells: list[list[str]]) -> list[str]:
    """Return a matrix as lines of equal width, with its name on top."""
    longest = max(len(cell) for row in cells for cell in row)
    lines = ["  ".join(cell.rjust(longest) for cell in row) for row in cells]
    width = max(len(name), len(lines[0]))
    return [line.ljust(width) for line in (name, *lines)]


def _draw(explained: Explanation, path: Path, title: str, note: str, *, overwrite: bool) -> None:
    """Draw the figure and write it to a file.

    Raises:
        MissingPackageError: Matplotlib is not installed.
        SinkError: The file cannot be written.
    """
    from livefilter.cli.explain._figure import draw_figure
    from livefilter.errors import MissingPackageError
    from livefilter.sinks import AtomicFile, write_error

    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise MissingPackageError(
            "matplotlib: is needed for the figure, and is not installed; pip install 'livefilter[explain]'"
        ) from error
    file = AtomicFile(path, overwrite=overwrite)
    try:
        figure = Figure()
        draw_figure(figure, explained, title=title, note=note)
        figure.savefig(file.partial, format=path.suffix[1:].lower(), dpi=150)
    except OSError as error:
        raise write_error(path, error) from error
    else:
        file.complete()
    finally:
        file.discard()
