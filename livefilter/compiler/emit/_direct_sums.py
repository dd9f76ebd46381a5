"""Source for direct sums: every tap by itself, in groups that are exact in 16 bits."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from livefilter.compiler.emit._arithmetic import narrow_expr, sum_expr
from livefilter.compiler.emit._builder import PHASE_NAMES, SourceBuilder, SumRow
from livefilter.compiler.emit._window import InputWindow
from livefilter.compiler.lanes import Term, encode_terms
from livefilter.compiler.plan import Direct, Lane, Tap, weighted_interval

Group = Sequence[Tap]


def emit_direct_partial_sums(
    builder: SourceBuilder, window: InputWindow, name: str, strategy: Direct
) -> tuple[SumRow, ...]:
    """Write all loops but the last; their sums are stored as 16 bits, so that the loops are vectorised for 16 bits."""
    earlier = strategy.loops[:-1]
    if strategy.lane != "int32":
        rows = [builder.sum_row("uint16", f"{name}_part")] if earlier else []
    else:
        rows = [builder.sum_row("uint16", f"{name}_part{at}") for at in range(len(earlier))]
    for at, groups in enumerate(earlier):
        with builder.lane_loop(window.count):
            emit_taps(builder, window, [(name, groups)])
            for parity in (0, 1):
                value = _combine_groups(name, groups, parity, _needs_32_bits(groups))
                if strategy.lane != "int32":
                    before = builder.load_own(rows[0], parity)
                    builder.store(rows[0], parity, f"add({value}, {before})" if at else value)
                    continue
                if _needs_32_bits(groups):
                    high = builder.sum_row("uint16", f"{name}_high{at}") if parity == 0 else rows[-1]
                    rows += [high] if parity == 0 else []
                    builder.line(f"value = {value}")
                    builder.store(high, parity, "as_uint16(shr(value, 16))")
                    value = "as_uint16(value)"
                builder.store(rows[at], parity, value)
    return tuple(rows)


def emit_taps(builder: SourceBuilder, window: InputWindow, sums: Sequence[tuple[str, Sequence[Group]]]) -> None:
    """Sum the taps of all groups with one operation, so that each row of pixels is loaded once."""
    named = [(f"{name}_{at}", group) for name, groups in sums for at, group in enumerate(groups)]
    if not named:
        return
    rows = sorted({tap.row for _, group in named for tap in group})
    term_sums = [
        [Term(tap.weight if _fits_16_bits(group) else 1, rows.index(tap.row), tap.col) for tap in group]
        for _, group in named
    ]
    targets = ", ".join(f"{name}_{phase}" for name, _ in named for phase in PHASE_NAMES[2])
    starts = ", ".join(f"{window.prefix}{row}" for row in rows)
    terms = encode_terms(term_sums)
    builder.line(f'{targets} = window_sum({window.array}, x, {builder.loop}, "{terms}", {starts})')


def emit_final_direct(
    builder: SourceBuilder, name: str, targets: Sequence[str], strategy: Direct, rows: Sequence[SumRow]
) -> None:
    """Write the lines that add the groups of the last loop to the partial sums."""
    for parity, target in enumerate(targets):
        value = _combine_groups(name, strategy.loops[-1], parity, strategy.lane == "int32")
        total = sum_expr([value, *_partial_sums(builder, strategy, rows, parity)])
        builder.line(f"{target} = {narrow_expr(total, strategy.lane)}")


def _partial_sums(builder: SourceBuilder, strategy: Direct, rows: Sequence[SumRow], parity: int) -> list[str]:
    """Return the expressions for the sums of the loops before the last one."""
    if strategy.lane != "int32":
        return [builder.load(row, parity) for row in rows]
    values, high = [], iter(rows[len(strategy.loops) - 1 :])
    for groups, row in zip(strategy.loops[:-1], rows, strict=False):
        value = builder.load(row, parity)
        if _needs_32_bits(groups):
            upper = f"shl(as_int32({builder.load(next(high), parity)}), 16)"
            values.append(f"add(as_int32({value}), {upper})")
        else:
            values.append(f"as_int32({narrow_expr(value, _group_lane(groups[0]))})")
    return values


def _combine_groups(name: str, groups: Sequence[Group], parity: int, is_wide: bool) -> str:
    """Return the expression for the sum of all groups."""
    values = []
    for at, group in enumerate(groups):
        value = f"{name}_{at}_{PHASE_NAMES[2][parity]}"
        if not _fits_16_bits(group):
            value = f"mul_const(as_int32({value}), {group[0].weight})"
        elif is_wide:
            value = f"as_int32({narrow_expr(value, _group_lane(group))})"
        values.append(value)
    return sum_expr(values)


def _needs_32_bits(groups: Sequence[Group]) -> bool:
    """Return whether the sum of a loop's groups needs 32 bits."""
    return len(groups) > 1 or not _fits_16_bits(groups[0])


def _fits_16_bits(group: Group) -> bool:
    return len(group) > 1 or _group_lane(group) != "int32"


def _group_lane(group: Group) -> Lane:
    return weighted_interval(np.array([tap.weight for tap in group])).lane_16bit() or "int32"
