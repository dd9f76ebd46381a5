"""Video files: encoding and timestamps of the frames, and stream copy of audio, subtitles and metadata.

Begin with ``_sink``: it converts frames (``_av_frames``), assigns their timestamps (``_pts``), encodes them with what
``_encoder`` selected for an `Encoding`, and muxes them. ``_remux`` copies the other streams of the input, such as
audio, packet by packet; ``_audio`` re-encodes audio on request; ``_muxing`` knows what a container can hold.
"""

from __future__ import annotations

# Before PyAV: both bring a libxcb, and OpenCV's windows hang if PyAV's is loaded first.
import cv2  # noqa: F401

from livefilter.sinks.video._encoder import STANDARD_OUTPUT, VIDEO_SUFFIXES, resolve_encoder
from livefilter.sinks.video._encoding import Encoding
from livefilter.sinks.video._remux import StreamCopyOptions
from livefilter.sinks.video._sink import VideoSink

__all__ = ["STANDARD_OUTPUT", "VIDEO_SUFFIXES", "Encoding", "StreamCopyOptions", "VideoSink", "resolve_encoder"]
