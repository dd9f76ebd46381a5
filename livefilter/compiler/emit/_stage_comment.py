"""Comments in generated source: what a stage computes, with its kernel drawn."""

from __future__ import annotations

from collections.abc import Sequence

from livefilter.compiler.plan import Integers, Stage
from livefilter.kernels import Correlation, Gradient, Lookup, Unsharp

MAX_DRAWN_SIDE = 15


def stage_comment(stage: Stage, at: int) -> list[str]:
    """Return the lines of a comment on a stage."""
    lines = [f"{at}: {_title(stage)}"]
    drawings = [_draw(item.weights) for item in stage.sums]
    if drawings:
        lines.append("")
        lines += ["   " + "      ".join(parts).rstrip() for parts in zip(*drawings, strict=True)]
    for item in stage.sums:
        bounds = f"{item.interval.low} to {item.interval.high}"
        lines.append(f"   {item.strategy.name} in {item.strategy.lane}, {bounds}")
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
    point_ops = ["lookup" if isinstance(item, Lookup) else f"blend {item.weight}" for item in stage.point_ops]
    return ", then ".join([title, *point_ops])


def _draw(weights: Integers) -> Sequence[str]:
    if max(weights.shape) > MAX_DRAWN_SIDE:
        return [f"{weights.shape[0]} x {weights.shape[1]} weights"]
    width = max(len(str(value)) for value in weights.ravel())
    return [" ".join(f"{value:>{width}}" for value in row) for row in weights]
