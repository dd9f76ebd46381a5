"""From a plan to source text.

Begin with ``_pass``, which writes the function for one pass. Each other module writes one part of its body: ``_stage``
one row of a stage, ``_sums`` its weighted sums, ``_halo`` the reading of the frame in place, ``_score`` the edge score,
``_point_ops`` the operations without a window. ``_builder`` collects the lines. To read the result, run
``livefilter explain edge --source``.
"""

from livefilter.compiler.emit._arithmetic import Values, emit_byte
from livefilter.compiler.emit._builder import SourceBuilder
from livefilter.compiler.emit._pass import (
    ARGUMENTS,
    FRAME_ARGS,
    ROWS_COPIED_AHEAD,
    TILE_ARGS,
    GeneratedPass,
    generate_pass,
)

__all__ = [
    "ARGUMENTS",
    "FRAME_ARGS",
    "ROWS_COPIED_AHEAD",
    "TILE_ARGS",
    "GeneratedPass",
    "SourceBuilder",
    "Values",
    "emit_byte",
    "generate_pass",
]
