"""livefilter: convolution presets in YAML, compiled; the same pixels live, from files and headless."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from livefilter.compiler import Filter, Filtered, convolve, correlate, edge_score
    from livefilter.errors import LivefilterError
    from livefilter.frame import Frame
    from livefilter.kernels import EdgeScore, Kernel, response
    from livefilter.pipeline import Summary, process
    from livefilter.presets import Preset, list_presets, load_preset
    from livefilter.sources import Source, open_source

__version__ = "0.1.0"

_ROOMS = {
    "EdgeScore": "kernels",
    "Filter": "compiler",
    "Filtered": "compiler",
    "Frame": "frame",
    "Kernel": "kernels",
    "LivefilterError": "errors",
    "Preset": "presets",
    "Source": "sources",
    "Summary": "pipeline",
    "convolve": "compiler",
    "correlate": "compiler",
    "edge_score": "compiler",
    "list_presets": "presets",
    "load_preset": "presets",
    "open_source": "sources",
    "process": "pipeline",
    "response": "kernels",
}

__all__ = [
    "EdgeScore",
    "Filter",
    "Filtered",
    "Frame",
    "Kernel",
    "LivefilterError",
    "Preset",
    "Source",
    "Summary",
    "convolve",
    "correlate",
    "edge_score",
    "list_presets",
    "load_preset",
    "open_source",
    "process",
    "response",
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
