"""The synthetic test chart: frames that are computed, the same on every machine, without a file or a camera.

Begin with ``_chart``. ``_scene`` is the type of a scene, ``_source`` reads one frame by frame, and ``_drawing`` holds
what ``recordings/scenes/``, which renders the shipped clips, shares with the chart.
"""

from __future__ import annotations

from livefilter.sources.synthetic._chart import CHART
from livefilter.sources.synthetic._drawing import direction, swing, to_gray, write_text
from livefilter.sources.synthetic._scene import Scene
from livefilter.sources.synthetic._source import SyntheticSource

__all__ = ["CHART", "Scene", "SyntheticSource", "direction", "swing", "to_gray", "write_text"]
