"""Resources shipped with livefilter: the presets and the sample clips.

A wheel holds them inside the package; in a checkout (or an editable install) they are next to the package.
"""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def resource_folder(name: str) -> Path:
    """Return the folder of resources ``name`` ("configs" or "recordings") in this installation."""
    packaged = _PACKAGE / name
    return packaged if packaged.is_dir() else _PACKAGE.parent / name
