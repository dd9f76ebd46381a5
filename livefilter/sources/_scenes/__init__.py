"""The synthetic scenes by name: what tests, the demo and ``synthetic:NAME`` sources show.

Private to the sources. Needs numpy alone. Every frame is the same on every machine; ``recordings/truth.json`` holds
the hashes.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from livefilter.sources._scenes._chart import CHART
from livefilter.sources._scenes._corridor import CORRIDOR
from livefilter.sources._scenes._scene import Scene
from livefilter.sources._scenes._webcam import WEBCAM

SCENES: Mapping[str, Scene] = MappingProxyType({scene.name: scene for scene in (WEBCAM, CORRIDOR, CHART)})

__all__ = ["SCENES", "Scene"]
