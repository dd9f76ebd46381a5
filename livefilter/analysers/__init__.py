"""Analysers: they look at frames in order and add what they find to each frame's analysis.

Begin with ``_analyser``, the protocol that all of them follow. A pipeline runs them before its renderer.
"""

from __future__ import annotations

from livefilter.analysers._analyser import Analyser

__all__ = ["Analyser"]
