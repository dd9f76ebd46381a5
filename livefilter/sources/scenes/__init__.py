"""Synthetic scenes by name: the frames of ``synthetic:NAME`` sources, of tests and of the demo.

Begin with ``_scene``, the type of a scene, and ``_chart``, the simplest one. The scenes need only NumPy. Every frame is
the same on every machine; ``recordings/truth.json`` holds the hashes.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from livefilter.sources.scenes._chart import CHART
from livefilter.sources.scenes._corridor import CORRIDOR
from livefilter.sources.scenes._scene import Scene
from livefilter.sources.scenes._webcam import WEBCAM

SCENES: Mapping[str, Scene] = MappingProxyType({scene.name: scene for scene in (WEBCAM, CORRIDOR, CHART)})

__all__ = ["SCENES", "Scene"]
