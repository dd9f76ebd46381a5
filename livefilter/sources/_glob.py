"""Expansion of globs, also below folders whose own names look like globs."""

from __future__ import annotations

from glob import escape, glob
from os.path import expanduser, join
from pathlib import Path

from livefilter.sources._natural_sort import natural_sort_key


def find_matches(pattern: str) -> list[Path]:
    """Return the files and folders that a glob matches, in natural order; ``**`` looks into folders.

    Leading folders that exist are taken as they are: the brackets in ``shots [a]/*.png`` are part of a name.
    """
    path = Path(expanduser(pattern))
    folder, parts = Path(path.anchor), list(path.parts[1:] if path.anchor else path.parts)
    while len(parts) > 1 and (folder / parts[0]).is_dir():
        folder /= parts.pop(0)
    return sorted(map(Path, glob(join(escape(str(folder)), *parts), recursive=True)), key=natural_sort_key)
