"""Sinks: video files, pictures, scores, and a window."""

from __future__ import annotations

# Before PyAV, whatever else is imported: both bring a libxcb, and with PyAV's loaded first OpenCV's windows hang.
import cv2  # noqa: F401

from livefilter.sinks._along import Along
from livefilter.sinks._beside import partial_of
from livefilter.sinks._codecs import VIDEO_SUFFIXES
from livefilter.sinks._display import check_display
from livefilter.sinks._encoding import Encoding
from livefilter.sinks._open import is_pictures, open_sink, replaces, try_encoding
from livefilter.sinks._origin import Origin
from livefilter.sinks._pictures import PictureSink, SinglePictureSink, write_picture
from livefilter.sinks._pipe import PIPE_FORMATS, PipeFormat, PipeSink
from livefilter.sinks._plot import PLOT_SUFFIXES, PlotSink
from livefilter.sinks._scores import ScoreSink
from livefilter.sinks._sink import Sink
from livefilter.sinks._video import VideoSink
from livefilter.sinks._virtual_camera import VirtualCameraSink
from livefilter.sinks._window import WindowSink

__all__ = [
    "PIPE_FORMATS",
    "PLOT_SUFFIXES",
    "VIDEO_SUFFIXES",
    "Along",
    "Encoding",
    "Origin",
    "PictureSink",
    "PipeFormat",
    "PipeSink",
    "PlotSink",
    "ScoreSink",
    "SinglePictureSink",
    "Sink",
    "VideoSink",
    "VirtualCameraSink",
    "WindowSink",
    "check_display",
    "is_pictures",
    "open_sink",
    "partial_of",
    "replaces",
    "try_encoding",
    "write_picture",
]
