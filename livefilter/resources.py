"""Where the files that travel with livefilter lie: the presets and the demo's clip.

In a wheel they are inside the package; in a checkout (and an editable install) they are beside it.
"""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def resource_folder(name: str) -> Path:
    """Return the folder ``name`` ("configs" or "recordings") of this installation."""
    inside = _PACKAGE / name
    return inside if inside.is_dir() else _PACKAGE.parent / name
