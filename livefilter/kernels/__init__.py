"""Kernels and the exact definition of every operation: what a pixel is, never how it is computed fast.

Begin reading in `reference`: it computes every operation with a plain sliding window, and the compiler must produce the
same bytes. `_kernel` is the `Kernel`, `_rational` brings its weights to exact integers, `_named` has Sobel, Gaussian
and others, `_operations` the operations of presets, `_border` the border rules, `_score` edge scores, `_zone` zones.
"""

from __future__ import annotations

from livefilter.analysis import EdgeScore
from livefilter.kernels._border import BORDERS, OUTSIDE, Border, border_index, border_indices, check_border
from livefilter.kernels._kernel import MAX_SIDE, Kernel, response
from livefilter.kernels._named import (
    HORIZONTAL_EDGE,
    VERTICAL_EDGE,
    Operator,
    box,
    derivative,
    emboss,
    gaussian,
    gaussian_weights,
    laplacian,
    prewitt,
    scharr,
    sharpen,
    sobel,
)
from livefilter.kernels._operations import NORMS, Blend, Correlation, Gradient, Lookup, Norm, Operation, Unsharp
from livefilter.kernels._rational import INTEGER_BITS, integer_form, to_fraction
from livefilter.kernels._score import ScoreRule, ScoreSums
from livefilter.kernels._zone import (
    MAX_POINTS,
    MAX_ZONES,
    NAME_PATTERN,
    Zone,
    find_name_fault,
    find_points_fault,
    make_zones,
)

__all__ = [
    "BORDERS",
    "HORIZONTAL_EDGE",
    "INTEGER_BITS",
    "MAX_POINTS",
    "MAX_SIDE",
    "MAX_ZONES",
    "NAME_PATTERN",
    "NORMS",
    "OUTSIDE",
    "VERTICAL_EDGE",
    "Blend",
    "Border",
    "Correlation",
    "EdgeScore",
    "Gradient",
    "Kernel",
    "Lookup",
    "Norm",
    "Operation",
    "Operator",
    "ScoreRule",
    "ScoreSums",
    "Unsharp",
    "Zone",
    "border_index",
    "border_indices",
    "box",
    "check_border",
    "derivative",
    "emboss",
    "find_name_fault",
    "find_points_fault",
    "gaussian",
    "gaussian_weights",
    "integer_form",
    "laplacian",
    "make_zones",
    "prewitt",
    "response",
    "scharr",
    "sharpen",
    "sobel",
    "to_fraction",
]
