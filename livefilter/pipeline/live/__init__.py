"""The live pipeline: frames as they come, outputs that a live source never waits for, presets that change meanwhile.

Begin with ``_pipeline``: a `LivePipeline` connects a source, a filter and outputs, each in a thread of its own.
``_filter_loop`` is what happens to each frame. Frames come in through ``_input`` (the newest one of a live source, or a
file at its own pace) and leave through ``_outputs`` (bounded queues with a drop policy). ``_preset_control`` switches,
adjusts and reloads the preset, with ``_preset_loader`` compiling in the background and ``_file_watch`` noticing a saved
file. ``_preview`` puts a window and keys on top, ``_osd`` its text, and ``_captures`` names its snapshots and
recordings. ``_stats`` counts and measures, ``_stats_log`` and ``_prometheus`` publish the figures. ``_low_latency`` has
settings of the whole process, for the main program.
"""

from __future__ import annotations

from livefilter.pipeline.live._file_watch import FileWatch
from livefilter.pipeline.live._input import FrameInput, LatestFrameInput, PacedInput, open_input
from livefilter.pipeline.live._low_latency import low_latency
from livefilter.pipeline.live._monotonic import with_monotonic_times
from livefilter.pipeline.live._osd import OsdPanels, source_lines, statistics_lines, status_lines
from livefilter.pipeline.live._outputs import DisplaySlot, NullOutput, Output, QueuedOutput
from livefilter.pipeline.live._pipeline import LivePipeline
from livefilter.pipeline.live._preset_control import PresetControl
from livefilter.pipeline.live._preset_loader import LoadResult, PresetLoader
from livefilter.pipeline.live._preview import Preview
from livefilter.pipeline.live._prometheus import PrometheusExporter
from livefilter.pipeline.live._segments import SegmentedSink
from livefilter.pipeline.live._stats import LiveStats, Percentiles, Stats
from livefilter.pipeline.live._stats_log import StatsLog

__all__ = [
    "DisplaySlot",
    "FileWatch",
    "FrameInput",
    "LatestFrameInput",
    "LivePipeline",
    "LiveStats",
    "LoadResult",
    "NullOutput",
    "OsdPanels",
    "Output",
    "PacedInput",
    "Percentiles",
    "PresetControl",
    "PresetLoader",
    "Preview",
    "PrometheusExporter",
    "QueuedOutput",
    "SegmentedSink",
    "Stats",
    "StatsLog",
    "low_latency",
    "open_input",
    "source_lines",
    "statistics_lines",
    "status_lines",
    "with_monotonic_times",
]
