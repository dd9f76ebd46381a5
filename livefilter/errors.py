"""Exceptions of livefilter. Any other exception that leaves the library is a bug.

    LivefilterError
    ├── KernelError             invalid weights, divisor, offset or anchor           (ValueError)
    ├── ShapeError              an array of the wrong shape or size                  (ValueError)
    ├── PixelTypeError          an array of the wrong dtype                          (TypeError)
    ├── PresetError             a preset that is missing or invalid                  (ValueError)
    ├── OptionError             an invalid value of an option                        (ValueError)
    ├── SourceError             an input that cannot be opened or read               (OSError)
    ├── SinkError               an output that cannot be written                     (OSError)
    ├── DisplayError            a window cannot be opened                            (OSError)
    └── MissingPackageError     an optional package is not installed                 (ImportError)

A message says what is wrong, the rule, what was found and what to do: *what: the rule, what was found; what to do*.
"""

from __future__ import annotations


class LivefilterError(Exception):
    """Base class of all exceptions that livefilter raises."""


class KernelError(LivefilterError, ValueError):
    """Invalid weights, divisor, offset or anchor of a kernel."""


class ShapeError(LivefilterError, ValueError):
    """An array of the wrong shape or size."""


class PixelTypeError(LivefilterError, TypeError):
    """An array of the wrong dtype."""


class PresetError(LivefilterError, ValueError):
    """A preset that cannot be found or is invalid."""


class OptionError(LivefilterError, ValueError):
    """An option with an invalid value."""


class SourceError(LivefilterError, OSError):
    """An input that cannot be opened or read."""


class SinkError(LivefilterError, OSError):
    """An output that cannot be written."""


class DisplayError(LivefilterError, OSError):
    """A window cannot be opened: there is no display, or this build of OpenCV has no windows."""


class MissingPackageError(LivefilterError, ImportError):
    """An optional package is not installed; the message gives the command that installs it."""
