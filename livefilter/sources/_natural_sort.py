"""Natural order of file names: frame2 before frame10."""

from __future__ import annotations

import re
from pathlib import Path


def natural_sort_key(path: Path) -> list[tuple[int, int, str]]:
    """Return a sort key that compares numbers in a path by their value and letters without their case.

    Example:
        >>> sorted(map(Path, ["frame10.png", "frame2.png"]), key=natural_sort_key)[0].name
        'frame2.png'
    """
    parts = re.split(r"(\d+)", str(path))
    key = [(1, int(part), "") if part.isdecimal() else (0, 0, part.casefold()) for part in parts]
    return [*key, (0, 0, str(path))]  # Names that differ only in case keep one order.
