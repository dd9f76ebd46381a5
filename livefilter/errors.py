"""Every error that livefilter raises on purpose.

    LivefilterError
    ├── KernelError             weights that cannot be a kernel                      (ValueError)
    ├── ShapeError              an array of the wrong shape or size                  (ValueError)
    ├── PixelTypeError          an array of the wrong dtype                          (TypeError)
    ├── PresetError             a preset that is missing or not valid                (ValueError)
    ├── OptionError             an option whose value cannot be used                 (ValueError)
    ├── SourceError             an input that cannot be opened or read               (OSError)
    ├── SinkError               an output that cannot be written                     (OSError)
    ├── DisplayError            a window is wanted where there is no display         (OSError)
    └── MissingPackageError     an optional package is not installed                 (ImportError)

A message reads *what: the rule, what was found; what to do*.
"""

from __future__ import annotations


class LivefilterError(Exception):
    """Base of all errors that livefilter raises on purpose."""


class KernelError(LivefilterError, ValueError):
    """Weights, a divisor, an offset or an anchor that do not make a kernel."""


class ShapeError(LivefilterError, ValueError):
    """An array of the wrong shape or size."""


class PixelTypeError(LivefilterError, TypeError):
    """An array of the wrong dtype."""


class PresetError(LivefilterError, ValueError):
    """A preset that cannot be found or is not valid."""


class OptionError(LivefilterError, ValueError):
    """An option whose value cannot be used."""


class SourceError(LivefilterError, OSError):
    """An input that cannot be opened or read."""


class SinkError(LivefilterError, OSError):
    """An output that cannot be written."""


class DisplayError(LivefilterError, OSError):
    """A window is wanted where there is no display, or OpenCV was built without windows."""


class MissingPackageError(LivefilterError, ImportError):
    """An optional package is not installed; the message holds the command that installs it."""
