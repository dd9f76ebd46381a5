"""Layers: what is drawn on a copy of the filtered image. Scores, names, comparisons and text.

Begin with ``_layer``, the protocol, and ``_compose``, which draws layers one above the other. An `Overlay`
(``_scores``) belongs to one preset and one run: it draws the preset's name, each frame's scores with their history, and
the preset's zones (``_zones``).
A `Comparison` (``_compare``) shows the original beside the result.
``_text`` draws text and panels, ``_sheet`` arranges named images on one sheet.
"""

from __future__ import annotations

from livefilter.layers._compare import COMPARES, Compare, Comparison
from livefilter.layers._compose import compose
from livefilter.layers._layer import Layer
from livefilter.layers._scores import Overlay
from livefilter.layers._sheet import contact_sheet
from livefilter.layers._text import TextStyle, draw_panel

__all__ = [
    "COMPARES",
    "Compare",
    "Comparison",
    "Layer",
    "Overlay",
    "TextStyle",
    "compose",
    "contact_sheet",
    "draw_panel",
]
