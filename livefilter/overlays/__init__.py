"""Overlays: what is drawn on a copy of the result."""

from __future__ import annotations

from livefilter.overlays._compare import COMPARES, Compare
from livefilter.overlays._scores import Overlay
from livefilter.overlays._sheet import contact_sheet
from livefilter.overlays._text import draw_panel

__all__ = ["COMPARES", "Compare", "Overlay", "contact_sheet", "draw_panel"]
