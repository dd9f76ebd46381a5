"""The version, where every room can have it."""

from __future__ import annotations

__version__ = "0.1.0"
