"""Pipelines: a source, a filter, an overlay and sinks, connected and run."""

from __future__ import annotations

from livefilter.pipeline._frames import filter_frames, score
from livefilter.pipeline._pace import Pace
from livefilter.pipeline._preview import Preview
from livefilter.pipeline._process import Color, Target, process
from livefilter.pipeline._summary import Progress, Summary

__all__ = ["Color", "Pace", "Preview", "Progress", "Summary", "Target", "filter_frames", "process", "score"]
