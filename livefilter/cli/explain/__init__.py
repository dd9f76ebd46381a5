"""``livefilter explain``: how one pixel of a step comes about, or how a whole preset is computed.

Begin reading in `_command`. `_target` turns the argument into a preset, `_figure` computes the numbers of one pixel and
draws them, `_plan` prints the compiler's plan. The door exports the command and what `_figure` computes.
"""

from __future__ import annotations

from livefilter.cli.explain._command import command

__all__ = ["command"]
