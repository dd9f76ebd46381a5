"""The preview window, and what it asks the display about itself.

Begin with ``_sink``. ``_x11`` checks whether a window can be opened at all, ``_screen`` reads the screen's size, and
``_iconic`` whether the window is minimised.
"""

from __future__ import annotations

from livefilter.sinks.window._sink import WindowSink
from livefilter.sinks.window._x11 import check_display

__all__ = ["WindowSink", "check_display"]
