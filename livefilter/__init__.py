"""livefilter: convolution presets in YAML, compiled; the same pixels live, from files and headless."""

from __future__ import annotations

from typing import TYPE_CHECKING

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

_ROOMS = {
    "EdgeScore": "kernels",
    "Encoding": "sinks",
    "Filter": "compiler",
    "Filtered": "compiler",
    "Frame": "frame",
    "Kernel": "kernels",
    "LivefilterError": "errors",
    "Preset": "presets",
    "Progress": "pipeline",
    "Source": "sources",
    "SourceOptions": "sources",
    "Summary": "pipeline",
    "Trim": "sources",
    "convolve": "compiler",
    "correlate": "compiler",
    "edge_score": "compiler",
    "filter_frames": "pipeline",
    "list_presets": "presets",
    "load_preset": "presets",
    "open_source": "sources",
    "parse_time": "sources",
    "process": "pipeline",
    "response": "kernels",
    "score": "pipeline",
}

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


def __getattr__(name: str) -> object:
    # Rooms load when one of their names is first asked for, so that `livefilter --help` loads neither Numba nor OpenCV.
    if name not in _ROOMS:
        raise AttributeError(f"module 'livefilter' has no attribute {name!r}")
    from importlib import import_module

    value = getattr(import_module(f"livefilter.{_ROOMS[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
