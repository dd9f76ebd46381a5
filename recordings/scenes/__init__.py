"""Synthetic scenes, of which ``recordings/render.py`` makes the shipped clips.

Begin with ``_webcam`` and ``_corridor``, each a Scene. The scenes need only NumPy and what they share with livefilter's
test chart. Every frame is the same on every machine; ``truth.json`` holds the hashes.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from livefilter.sources.synthetic import CHART, Scene
from recordings.scenes._corridor import CORRIDOR
from recordings.scenes._webcam import WEBCAM

SCENES: Mapping[str, Scene] = MappingProxyType({scene.name: scene for scene in (WEBCAM, CORRIDOR, CHART)})

__all__ = ["SCENES", "Scene"]
