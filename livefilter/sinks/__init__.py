"""Sinks: where results go. Video files, image files, score tables, plots, pipes, a virtual camera and a window.

All of them follow the `Sink` protocol (``_sink``), and `open_sink` opens the one for a path: begin with these two
modules. Files are written through ``_atomic_file``, so that an output has its name only when it is complete. `video`
holds the video sink, and copies the input's audio, subtitles and metadata into its output; `scores` holds tables and
plots, `window` the preview window. ``_images``, ``_stdout`` and ``_virtual_camera`` are sinks of one module each.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

# Before PyAV: both bring a libxcb, and OpenCV's windows hang if PyAV's is loaded first.
import cv2  # noqa: F401

from livefilter._lazy import lazy_exports

if TYPE_CHECKING:
    from livefilter.sinks._atomic_file import AtomicFile, partial_path, write_error
    from livefilter.sinks._images import IMAGE_SUFFIXES, ImageSequenceSink, ImageSink, write_image
    from livefilter.sinks._letterbox import letterbox
    from livefilter.sinks._open import check_encoding, is_image_path, open_sink, would_overwrite
    from livefilter.sinks._provenance import Provenance
    from livefilter.sinks._sink import Needs, Sink, keeps_outputs
    from livefilter.sinks._stdout import PIPE_FORMATS, PipeFormat, RawPipeSink
    from livefilter.sinks._virtual_camera import VirtualCameraSink
    from livefilter.sinks.scores import PLOT_SUFFIXES, SCORE_SUFFIXES, PlotSink, ScoreSink
    from livefilter.sinks.video import VIDEO_SUFFIXES, Encoding, StreamCopyOptions, VideoSink
    from livefilter.sinks.window import WindowSink, check_display
else:
    # On first use: a process that writes scores, say, loads no PyAV.
    __getattr__, __dir__ = lazy_exports(
        __name__,
        {
            "_atomic_file": ["AtomicFile", "partial_path", "write_error"],
            "_images": ["IMAGE_SUFFIXES", "ImageSequenceSink", "ImageSink", "write_image"],
            "_letterbox": ["letterbox"],
            "_open": ["check_encoding", "is_image_path", "open_sink", "would_overwrite"],
            "_provenance": ["Provenance"],
            "_sink": ["Needs", "Sink", "keeps_outputs"],
            "_stdout": ["PIPE_FORMATS", "PipeFormat", "RawPipeSink"],
            "_virtual_camera": ["VirtualCameraSink"],
            "scores": ["PLOT_SUFFIXES", "SCORE_SUFFIXES", "PlotSink", "ScoreSink"],
            "video": ["VIDEO_SUFFIXES", "Encoding", "StreamCopyOptions", "VideoSink"],
            "window": ["WindowSink", "check_display"],
        },
    )

__all__ = [
    "IMAGE_SUFFIXES",
    "PIPE_FORMATS",
    "PLOT_SUFFIXES",
    "SCORE_SUFFIXES",
    "VIDEO_SUFFIXES",
    "AtomicFile",
    "Encoding",
    "ImageSequenceSink",
    "ImageSink",
    "Needs",
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
    "check_encoding",
    "is_image_path",
    "keeps_outputs",
    "letterbox",
    "open_sink",
    "partial_path",
    "would_overwrite",
    "write_error",
    "write_image",
]
