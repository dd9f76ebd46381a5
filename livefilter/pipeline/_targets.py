"""Checks that outputs of a run neither replace its input nor each other."""

from __future__ import annotations

from collections.abc import Sequence
from glob import glob
from itertools import combinations
from os import PathLike
from os.path import abspath, exists, expanduser, isdir, samefile
from pathlib import Path

from livefilter.errors import OptionError
from livefilter.sinks import would_overwrite


def refuse_duplicates(targets: Sequence[str]) -> None:
    """Refuse two outputs at the same path.

    Raises:
        OptionError: Two of the targets are one file or folder.
    """
    for first, second in combinations(targets, 2):
        if abspath(expanduser(first)) == abspath(expanduser(second)):
            raise OptionError(f"{second}: is given for two outputs; each needs a place of its own")


def refuse_input(source: str | int | PathLike[str], targets: Sequence[str]) -> None:
    """Refuse an output that is the input, or one of its images, under any name.

    Args:
        source: Path of a file or folder, a glob, or what else ``open_source`` takes, which no output can replace.
        targets: Paths of the outputs.

    Raises:
        OptionError: A target, or the temporary file that is written first, is a file that is read.
    """
    if isinstance(source, int):
        return
    path = Path(expanduser(source))
    read = list(path.iterdir()) if isdir(path) else [path] if exists(path) else list(map(Path, glob(str(path))))
    for target in targets:
        is_same_folder = isdir(path) and isdir(expanduser(target)) and samefile(path, expanduser(target))
        if is_same_folder or any(would_overwrite(target, file) for file in read):
            raise OptionError(f"{target}: is, or would be written over, the input; the output must be another file")
