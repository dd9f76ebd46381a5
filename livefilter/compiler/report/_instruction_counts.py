"""Counts of vector instructions in compiled code."""

from __future__ import annotations

import re
from dataclasses import dataclass

from livefilter.compiler.emit import generate_pass
from livefilter.compiler.plan import Plan

_REGISTERS = {512: r"%zmm\d+", 256: r"%ymm\d+", 128: r"%xmm\d+|\bv\d+\.(?:8h|16b|4s|2d)"}
_PACKED_16 = re.compile(r"^\s*(?:v?p(?:add|sub|mull|mulhu|abs|max[su]|min[su]|sll|srl|sra)w)\b|\bv\d+\.8h\b")
_PACKED_SINGLE = re.compile(r"^\s*v?(?:fn?m(?:add|sub)\d*|add|sub|mul|div|sqrt)ps\b|\bf(?:mla|add|mul)\s+v\d+\.4s")


@dataclass(frozen=True, slots=True)
class AssemblySummary:
    """Numbers of instructions, by the widest register that they use, and of two kinds.

    Attributes:
        instructions: Total.
        by_width: {bits: instructions}.
        packed_16: 16-bit integer arithmetic in vectors.
        packed_single: float32 arithmetic in vectors.
    """

    instructions: int
    by_width: dict[int, int]
    packed_16: int
    packed_single: int


def assembly_summary(plan: Plan) -> AssemblySummary:
    """Compile a plan's passes and count their instructions; machine code in the cache cannot be disassembled."""
    from livefilter.compiler.native import assembly

    lines: list[str] = []
    for pass_ in plan.passes:
        listing = assembly(generate_pass(pass_).source, "run_pass")
        lines += [line for line in listing.splitlines() if re.match(r"\s+[a-z]", line)]
    by_width = {bits: sum(1 for line in lines if _width(line) == bits) for bits in _REGISTERS}
    return AssemblySummary(
        len(lines),
        by_width,
        sum(1 for line in lines if _PACKED_16.search(line)),
        sum(1 for line in lines if _PACKED_SINGLE.search(line)),
    )


def _width(line: str) -> int:
    return next((bits for bits, register in _REGISTERS.items() if re.search(register, line)), 0)
