"""A stage as a comment: what it computes, with its kernel drawn."""

from __future__ import annotations

from collections.abc import Sequence

from livefilter.compiler.plan._intervals import Integers
from livefilter.compiler.plan._plan import Stage
from livefilter.kernels import Correlation, Gradient, Lookup, Unsharp

LARGEST_DRAWN = 15


def picture(stage: Stage, at: int) -> list[str]:
    """Return lines that say what a stage computes."""
    lines = [f"{at}: {_title(stage)}"]
    drawn = [_drawn(item.weights) for item in stage.sums]
    if drawn:
        lines.append("")
        lines += ["   " + "      ".join(parts).rstrip() for parts in zip(*drawn, strict=True)]
    for item in stage.sums:
        lines.append(
            f"   {type(item.form).__name__.lower()} in {item.form.lane}, {item.range.low} to {item.range.high}"
        )
    return lines


def _title(stage: Stage) -> str:
    match stage.operation:
        case None:
            title = "copy the rows of the frame"
        case Correlation(kernel):
            title = f"correlation {kernel.name}".rstrip()
        case Gradient(_, _, norm):
            title = f"gradient, norm {norm}"
        case Unsharp(kernel, amount, threshold):
            title = f"unsharp, amount {amount}, threshold {threshold}"
    if stage.divisor != 1:
        title += f", divisor {stage.divisor}"
    if stage.offset:
        title += f", offset {stage.offset}"
    points = ["lookup" if isinstance(point, Lookup) else f"blend {point.weight}" for point in stage.points]
    return ", then ".join([title, *points])


def _drawn(weights: Integers) -> Sequence[str]:
    if max(weights.shape) > LARGEST_DRAWN:
        return [f"{weights.shape[0]} x {weights.shape[1]} weights"]
    width = max(len(str(value)) for value in weights.ravel())
    return [" ".join(f"{value:>{width}}" for value in row) for row in weights]
