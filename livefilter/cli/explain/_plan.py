"""The plan of a preset as text: cost and strategy of each step, generated source, instruction counts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from livefilter.compiler import SumReport
    from livefilter.presets import Preset


def plan_text(preset: Preset) -> str:
    """Return the cost and the strategy of each step."""
    return "\n".join(_plan_lines(preset))


def source_text(preset: Preset) -> str:
    """Return the source generated for a preset."""
    from livefilter.compiler import Filter

    return Filter(preset).chain.source


def assembly_text(preset: Preset) -> str:
    """Return the number of instructions of each kind in the preset's machine code."""
    from livefilter.compiler import Filter, assembly_summary

    summary = assembly_summary(Filter(preset).chain.plan)
    widths = ", ".join(
        f"{count} of {bits} bits" for bits, count in sorted(summary.by_width.items(), reverse=True) if count
    )
    return "\n".join(
        [
            f"{summary.instructions} instructions, by their widest vector register: {widths or 'none of them vectors'}",
            f"packed 16-bit arithmetic: {summary.packed_16}",
            f"packed float32 arithmetic: {summary.packed_single}",
        ]
    )


def _plan_lines(preset: Preset) -> Iterator[str]:
    from livefilter.compiler import describe, plan_chain

    reports = describe(plan_chain(preset.operations, preset.score.rule))
    cost = sum(report.cost for report in reports)
    total_bytes = sum(report.bytes_per_pixel for report in reports)
    passes = f"{len(reports)} pass{'es' * (len(reports) > 1)} over the frame"
    yield f"{preset.name}: {passes}, {total_bytes} bytes and about {cost:.0f} 16-bit operations per pixel"
    for number, report in enumerate(reports, start=1):
        scored = ", edge score of the same rows" if report.is_scored else ""
        yield f"\npass {number}: {report.bytes_per_pixel} bytes per pixel{scored}"
        for item in report.sums:
            yield from _sum_lines(item)


def _sum_lines(item: SumReport) -> Iterator[str]:
    rows, cols = item.shape
    yield f"  {item.step}"
    rank = f"rank {item.rank}{' (separable)' if item.is_separable else ''}"
    yield f"    window {rows} x {cols}, {rank}, DC gain {_gain(item)}"
    yield f"    {item.strategy}: {item.taps} taps become {item.taps_planned}, in {item.loops} loops over the row"
    yield f"    lanes {' then '.join(item.lanes)}; sums from {item.low} to {item.high}"
    yield f"    about {item.cost:.1f} 16-bit operations per pixel"
    if item.point_ops:
        yield f"    then, in the same loop: {', '.join(item.point_ops)}"


def _gain(item: SumReport) -> str:
    return str(item.gain) if item.gain.denominator < 1000 else f"{float(item.gain):.4f}"
