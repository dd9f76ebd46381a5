"""Sources: cameras, video files, pictures and synthetic scenes, all as gray Frames."""

from __future__ import annotations

from livefilter.sources._open import open_source
from livefilter.sources._options import SourceOptions
from livefilter.sources._source import Source, SourceFacts
from livefilter.sources._trim import Time, Trim, parse_time

__all__ = ["Source", "SourceFacts", "SourceOptions", "Time", "Trim", "open_source", "parse_time"]
