"""Sources: cameras, video files, pictures and synthetic scenes, all as gray Frames."""

from __future__ import annotations

# Before PyAV, whatever else is imported: both bring a libxcb, and with PyAV's loaded first OpenCV's windows hang.
import cv2  # noqa: F401

from livefilter.sources._close_guard import CloseGuard
from livefilter.sources._health import Health
from livefilter.sources._open import display_name, open_source
from livefilter.sources._options import Color, SourceOptions
from livefilter.sources._source import Source, SourceFacts
from livefilter.sources._trim import Time, Trim, Trimmed, parse_time
from livefilter.sources.camera._devices import CameraFacts, OpenAttempt, list_cameras, probe_cameras
from livefilter.sources.camera._v4l2 import Mode
from livefilter.sources.file._media import AudioFacts, Chapter, MediaFacts, OtherFacts, Scan, VideoFacts
from livefilter.sources.file._probe import probe

__all__ = [
    "AudioFacts",
    "CameraFacts",
    "Chapter",
    "CloseGuard",
    "Color",
    "Health",
    "MediaFacts",
    "Mode",
    "OpenAttempt",
    "OtherFacts",
    "Scan",
    "Source",
    "SourceFacts",
    "SourceOptions",
    "Time",
    "Trim",
    "Trimmed",
    "VideoFacts",
    "display_name",
    "list_cameras",
    "open_source",
    "parse_time",
    "probe",
    "probe_cameras",
]
