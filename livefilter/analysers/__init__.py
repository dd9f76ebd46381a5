"""Analysers: they look at frames in order and add what they find to each frame's analysis.

Begin with ``_analyser``, the protocol that all of them follow. A pipeline runs them before its renderer. ``_zones``
scores the zones of a preset.
"""

from __future__ import annotations

from livefilter.analysers._analyser import Analyser
from livefilter.analysers._zones import ZoneAnalyser

__all__ = ["Analyser", "ZoneAnalyser"]
