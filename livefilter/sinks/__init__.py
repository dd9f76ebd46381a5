"""Sinks: video files, pictures, scores, and a window."""

from __future__ import annotations

# Before PyAV, whatever else is imported: both bring a libxcb, and with PyAV's loaded first OpenCV's windows hang.
import cv2  # noqa: F401

from livefilter.sinks._atomic_file import AtomicFile, partial_path, write_error
from livefilter.sinks._images import ImageSequenceSink, ImageSink, write_image
from livefilter.sinks._open import is_pictures, open_sink, replaces, try_encoding
from livefilter.sinks._provenance import Provenance
from livefilter.sinks._sink import Sink, keeps_outputs
from livefilter.sinks._stdout import PIPE_FORMATS, PipeFormat, RawPipeSink
from livefilter.sinks._virtual_camera import VirtualCameraSink
from livefilter.sinks.scores._plot import PLOT_SUFFIXES, PlotSink
from livefilter.sinks.scores._table import SCORE_SUFFIXES, ScoreSink
from livefilter.sinks.video._encoder import VIDEO_SUFFIXES
from livefilter.sinks.video._encoding import Encoding
from livefilter.sinks.video._remux import StreamCopyOptions
from livefilter.sinks.video._sink import VideoSink
from livefilter.sinks.window._sink import WindowSink
from livefilter.sinks.window._x11 import check_display

__all__ = [
    "PIPE_FORMATS",
    "PLOT_SUFFIXES",
    "SCORE_SUFFIXES",
    "VIDEO_SUFFIXES",
    "AtomicFile",
    "Encoding",
    "ImageSequenceSink",
    "ImageSink",
    "PipeFormat",
    "PlotSink",
    "Provenance",
    "RawPipeSink",
    "ScoreSink",
    "Sink",
    "StreamCopyOptions",
    "VideoSink",
    "VirtualCameraSink",
    "WindowSink",
    "check_display",
    "is_pictures",
    "keeps_outputs",
    "open_sink",
    "partial_path",
    "replaces",
    "try_encoding",
    "write_error",
    "write_image",
]
