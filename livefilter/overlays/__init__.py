"""Overlays: scores, names, comparisons and text, drawn on a copy of the filtered image.

An `Overlay` belongs to one preset and one run: it draws the preset's name and each frame's scores with their history,
and shows the original beside the result. Begin with ``_scores``; ``_compare`` shows original and result together,
``_text`` draws text and panels, ``_sheet`` arranges named images on one sheet.
"""

from __future__ import annotations

from livefilter.overlays._compare import COMPARES, Compare, compose
from livefilter.overlays._scores import Overlay
from livefilter.overlays._sheet import contact_sheet
from livefilter.overlays._text import TextStyle, draw_panel

__all__ = ["COMPARES", "Compare", "Overlay", "TextStyle", "compose", "contact_sheet", "draw_panel"]
