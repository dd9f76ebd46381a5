"""What cameras and streams share: reconnection, the reader thread, timestamps and the detection of frozen frames.

Begin with ``_reconnecting``: it notices that a camera or stream is lost, waits, and opens it again. ``_reader_thread``
holds one connection and its thread, which is left behind when a driver hangs. ``_open_timeout`` opens something that
may take long. ``_timestamps`` makes increasing media times, and ``_freeze_detector`` notices repeated frames.
"""

from __future__ import annotations

from livefilter.sources.live._freeze_detector import FreezeDetector
from livefilter.sources.live._open_timeout import open_with_timeout
from livefilter.sources.live._reader_thread import CapturedFrame, Reader, ReaderThread
from livefilter.sources.live._reconnecting import ReconnectingSource
from livefilter.sources.live._timestamps import TIME_BASE, TimestampNormalizer

__all__ = [
    "TIME_BASE",
    "CapturedFrame",
    "FreezeDetector",
    "Reader",
    "ReaderThread",
    "ReconnectingSource",
    "TimestampNormalizer",
    "open_with_timeout",
]
