"""The preview window, and what it asks the display.

Begin with ``_sink``. ``_display`` checks whether a window can be opened at all, and fits it to the screen; ``_iconic``
watches whether it is minimised. Both ask an X server through libxcb in ``_x11``, where there is one.
"""

from __future__ import annotations

from livefilter.sinks.window._display import check_display, connect_display, fit_to_screen, screen_size
from livefilter.sinks.window._iconic import IconicWatch
from livefilter.sinks.window._sink import WindowSink
from livefilter.sinks.window._x11 import X11Client

__all__ = [
    "IconicWatch",
    "WindowSink",
    "X11Client",
    "check_display",
    "connect_display",
    "fit_to_screen",
    "screen_size",
]
