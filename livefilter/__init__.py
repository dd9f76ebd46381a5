"""livefilter: real-time convolution filters for webcams and videos, written in YAML and compiled to native code.

The names in ``__all__`` are the public interface. Frames flow from a source (`sources`) through a compiled preset
(`presets`, `compiler`) into sinks (`sinks`); `pipeline` connects them, `cli` is the command line. Read in this order:
`frame`, `kernels` (what a pixel is), `presets`, `compiler` (how pixels are computed), `sources`, `sinks`, `pipeline`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from livefilter._lazy import lazy_exports
from livefilter.version import __version__ as __version__

if TYPE_CHECKING:
    from livefilter.compiler import Filter, Filtered, convolve, correlate, edge_score
    from livefilter.errors import LivefilterError
    from livefilter.frame import Frame
    from livefilter.kernels import EdgeScore, Kernel, response
    from livefilter.pipeline import Progress, Summary, filter_frames, process, score
    from livefilter.presets import Preset, list_presets, load_preset
    from livefilter.sinks import Encoding
    from livefilter.sources import Source, SourceOptions, Trim, open_source, parse_time
else:
    # Rooms load on first use: `livefilter --help` loads neither Numba nor OpenCV.
    __getattr__, __dir__ = lazy_exports(
        __name__,
        {
            "compiler": ["Filter", "Filtered", "convolve", "correlate", "edge_score"],
            "errors": ["LivefilterError"],
            "frame": ["Frame"],
            "kernels": ["EdgeScore", "Kernel", "response"],
            "pipeline": ["Progress", "Summary", "filter_frames", "process", "score"],
            "presets": ["Preset", "list_presets", "load_preset"],
            "sinks": ["Encoding"],
            "sources": ["Source", "SourceOptions", "Trim", "open_source", "parse_time"],
        },
    )

__all__ = [
    "EdgeScore",
    "Encoding",
    "Filter",
    "Filtered",
    "Frame",
    "Kernel",
    "LivefilterError",
    "Preset",
    "Progress",
    "Source",
    "SourceOptions",
    "Summary",
    "Trim",
    "convolve",
    "correlate",
    "edge_score",
    "filter_frames",
    "list_presets",
    "load_preset",
    "open_source",
    "parse_time",
    "process",
    "response",
    "score",
]
