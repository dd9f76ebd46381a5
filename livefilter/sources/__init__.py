"""Sources: cameras, streams, video files, images, sample clips, a test chart and standard input, as Frames.

Begin with ``_source`` (the protocol that every source implements) and ``_open`` (the choice of a source by its name;
``_kind`` and ``_options`` say which kinds there are and which options apply to each). Then:

- ``file``: decoding and probing video files, and standard input.
- ``camera``: opening cameras through OpenCV.
- ``_network``: streams and videos on a server.
- ``live``: what cameras and streams share. ``live/_reconnecting`` reopens them when they are lost.
- ``_images`` and ``synthetic``: image files and the test chart.
- ``_playback`` (repeat, real time) and ``_trim`` (a part of a stream) wrap other sources.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

# Before PyAV, whatever else is imported: both bring a libxcb, and with PyAV's loaded first OpenCV's windows hang.
import cv2  # noqa: F401

from livefilter._lazy import lazy_exports
from livefilter.sources._close_guard import CloseGuard
from livefilter.sources._glob import find_matches
from livefilter.sources._health import Health, Reason, State
from livefilter.sources._kind import IMAGE_SUFFIXES, SourceKind, kind_of
from livefilter.sources._natural_sort import natural_sort_key
from livefilter.sources._open import display_name, open_source
from livefilter.sources._options import KINDS_BY_OPTION, SourceOptions
from livefilter.sources._range_expansion import expansion_lut
from livefilter.sources._source import PolledSource, Source, SourceFacts
from livefilter.sources._trim import Time, Trim, Trimmed, parse_time
from livefilter.sources._urls import ffmpeg_options_from_env, is_url, redact

if TYPE_CHECKING:
    from livefilter.sources._av_pixels import bgr_pixels, colorimetry_of, describe_conversions, luma, pixels_of
    from livefilter.sources._images import ImageFiles
    from livefilter.sources._network import NetworkReader, RemoteFile
    from livefilter.sources._playback import LoopedSource, RealtimeSource
    from livefilter.sources.camera import CameraFacts, Mode, OpenAttempt, list_cameras, probe_cameras
    from livefilter.sources.file import AudioFacts, Chapter, MediaFacts, OtherFacts, Scan, VideoFacts, VideoFile, probe
    from livefilter.sources.synthetic import SyntheticSource
else:
    # Loaded on first use: a camera needs no PyAV.
    __getattr__, __dir__ = lazy_exports(
        __name__,
        {
            "_av_pixels": ["bgr_pixels", "colorimetry_of", "describe_conversions", "luma", "pixels_of"],
            "_images": ["ImageFiles"],
            "_network": ["NetworkReader", "RemoteFile"],
            "synthetic": ["SyntheticSource"],
            "_playback": ["LoopedSource", "RealtimeSource"],
            "camera": ["CameraFacts", "Mode", "OpenAttempt", "list_cameras", "probe_cameras"],
            "file": ["AudioFacts", "Chapter", "MediaFacts", "OtherFacts", "Scan", "VideoFacts", "VideoFile", "probe"],
        },
    )

__all__ = [
    "IMAGE_SUFFIXES",
    "KINDS_BY_OPTION",
    "AudioFacts",
    "CameraFacts",
    "Chapter",
    "CloseGuard",
    "Health",
    "ImageFiles",
    "LoopedSource",
    "MediaFacts",
    "Mode",
    "NetworkReader",
    "OpenAttempt",
    "OtherFacts",
    "PolledSource",
    "RealtimeSource",
    "Reason",
    "RemoteFile",
    "Scan",
    "Source",
    "SourceFacts",
    "SourceKind",
    "SourceOptions",
    "State",
    "SyntheticSource",
    "Time",
    "Trim",
    "Trimmed",
    "VideoFacts",
    "VideoFile",
    "bgr_pixels",
    "colorimetry_of",
    "describe_conversions",
    "display_name",
    "expansion_lut",
    "ffmpeg_options_from_env",
    "find_matches",
    "is_url",
    "kind_of",
    "list_cameras",
    "luma",
    "natural_sort_key",
    "open_source",
    "parse_time",
    "pixels_of",
    "probe",
    "probe_cameras",
    "redact",
]
