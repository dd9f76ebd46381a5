"""``livefilter explain``: how one pixel of a step comes about, or how a whole preset is computed.

Begin reading in `_command`. `_target` turns the argument into a preset, `_figure` computes the numbers of one pixel and
draws them, `_plan` prints the compiler's plan. All but the command loads on first use, since `livefilter explain
--help` needs neither NumPy nor the compiler.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from livefilter._lazy import lazy_exports
from livefilter.cli.explain._command import command, strongest_response

if TYPE_CHECKING:
    from livefilter.cli.explain._figure import Explanation, KernelOperation, KernelProducts, draw_figure, explain
    from livefilter.cli.explain._plan import assembly_text, plan_text, source_text
    from livefilter.cli.explain._target import parse_kernel, resolve_target
else:
    __getattr__, __dir__ = lazy_exports(
        __name__,
        {
            "_figure": ["Explanation", "KernelOperation", "KernelProducts", "draw_figure", "explain"],
            "_plan": ["assembly_text", "plan_text", "source_text"],
            "_target": ["parse_kernel", "resolve_target"],
        },
    )

__all__ = [
    "Explanation",
    "KernelOperation",
    "KernelProducts",
    "assembly_text",
    "command",
    "draw_figure",
    "explain",
    "parse_kernel",
    "plan_text",
    "resolve_target",
    "source_text",
    "strongest_response",
]
