"""Inputs of a batch: expansion of folders and globs, and the names, sizes and content hashes of sources."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from glob import has_magic
from os.path import exists, expanduser
from pathlib import Path

from livefilter.errors import OptionError, SourceError
from livefilter.sources import IMAGE_SUFFIXES, SourceKind, display_name, find_matches, kind_of, natural_sort_key

VIDEO_INPUTS = frozenset(
    f".{ending}"
    for ending in re.findall(
        r"\w+",
        "3g2 3gp apng asf avi divx dv f4v flv gif ivf m1v m2t m2ts m2v m4v mjpeg mkv mov mp4 mpeg mpg mts mxf nut ogm "
        "ogv rm ts vob webm wmv y4m",
    )
)
"""Suffixes of files that count as videos whatever they hold, so that a damaged one fails with a message."""
_SYSTEM_FILES = frozenset({"thumbs.db", "desktop.ini", "@eadir"})
_MAX_NAMED = 5
"""Skipped files that are named."""


def expand(spec: str) -> tuple[list[str], str | None]:
    """Expand one input into sources.

    A folder stands for the videos in it, known by their content, or for the sequence of its images if there are none.
    A glob stands for what it matches (``**`` looks into folders), or for one sequence if it matches images alone.
    Anything else is a source itself. Hidden files and those of operating systems are skipped.

    Returns:
        The sources, and a message about files that are skipped because they are no videos; None if there are none.

    Raises:
        SourceError: A folder or a glob with nothing in it.
        OptionError: A live source, which has no end.
    """
    path = Path(expanduser(spec))
    kind = kind_of(spec)
    if kind.is_live:
        raise OptionError(f"{display_name(spec)}: is a live source, which has no end; process it alone, with -o")
    if kind is SourceKind.STANDARD_INPUT:
        raise OptionError("standard input: can be read only once; process it alone, with -o")
    if path.is_dir():
        return _in_folder(spec, path)
    if exists(path) or not has_magic(spec):
        return [spec], None
    matched = find_matches(spec)
    if not matched:
        raise SourceError(f"{spec}: no such file, and as a pattern it matches nothing")
    videos, others = _sorted_by_content(match for match in matched if match.is_file())
    folders = [match for match in matched if match.is_dir() and not _is_hidden(match)]
    if not videos and not folders:
        return [spec], None
    skipped = [_describe_skipped(spec, others)]
    sources = list(map(str, videos))
    for folder in folders if "**" not in spec else ():
        inside, message = _in_folder(str(folder), folder)
        sources += inside
        skipped.append(message)
    return sources, "; ".join(filter(None, skipped)) or None


def _in_folder(spec: str, folder: Path) -> tuple[list[str], str | None]:
    try:
        entries = sorted(folder.iterdir(), key=natural_sort_key)
    except OSError as error:
        raise SourceError(f"{spec}: the folder cannot be read: {error.strerror}") from error
    videos, others = _sorted_by_content(entry for entry in entries if entry.is_file())
    if not videos:
        return [spec], None
    return list(map(str, videos)), _describe_skipped(spec, others)


def _sorted_by_content(files: Iterable[Path]) -> tuple[list[Path], list[Path]]:
    """Return the videos among some files, and the other ones, without hidden files."""
    from livefilter.sources.file import is_video  # On first use: PyAV takes a while to load.

    videos: list[Path] = []
    others: list[Path] = []
    for file in files:
        if _is_hidden(file):
            continue
        suffix = file.suffix.lower()
        is_known = suffix in VIDEO_INPUTS or (suffix not in IMAGE_SUFFIXES and is_video(file))
        (videos if is_known else others).append(file)
    return videos, others


def _is_hidden(path: Path) -> bool:
    return path.name.startswith(".") or path.name.lower() in _SYSTEM_FILES


def _describe_skipped(spec: str, files: Sequence[Path]) -> str | None:
    if not files:
        return None
    more = len(files) - _MAX_NAMED
    names = ", ".join(file.name for file in files[:_MAX_NAMED]) + (f" and {more} more" if more > 0 else "")
    are = "file is no video and is" if len(files) == 1 else "files are no videos and are"
    return f"{spec}: {len(files)} {are} skipped: {names}"


def name_of(source: str) -> str:
    """Return a source's name without folder, ending and wildcards.

    Example:
        >>> name_of("clips/hall 1.mp4"), name_of("frames/*.png"), name_of("synthetic:chart"), name_of("0")
        ('hall 1', 'frames', 'synthetic-chart', 'camera-0')
        >>> name_of("rtsp://admin:secret@cam.local:554/live?channel=1"), name_of("-")
        ('cam.local-554-live', 'standard-input')
    """
    if source.isdecimal():
        return f"camera-{source}"
    if "://" in source or source == "-":
        return re.sub(r"[^\w.]+", "-", display_name(source).partition("://")[2] or display_name(source)).strip("-")
    path = Path(source)
    while has_magic(path.name) and not path.exists():
        path = path.parent
    stem = path.stem if not path.is_dir() else path.name
    stem = stem.strip(".") or path.resolve().name  # "." and ".." have none of their own.
    return stem.replace(":", "-") or "livefilter"


class UniqueNames:
    """Make names unique, also on file systems that ignore case; the second of a name gets ``-2``.

    Args:
        taken: Names that are in use.

    Example:
        >>> unique = UniqueNames(["a"])
        >>> unique.of("a"), unique.of("A"), unique.of("b")
        ('a-2', 'A-3', 'b')
    """

    def __init__(self, taken: Iterable[str] = ()) -> None:
        self._taken = {name.casefold() for name in taken}

    def of(self, name: str) -> str:
        """Return ``name``, or the first that is free of ``name-2``, ``name-3`` …."""
        made, number = name, 1
        while made.casefold() in self._taken:
            number += 1
            made = f"{name}-{number}"
        self._taken.add(made.casefold())
        return made


def size_of(source: str) -> int:
    """Return the size of a source on disk in bytes; 0 if unknown."""
    total = 0
    for path in files_of(source):
        try:
            total += path.stat().st_size
        except OSError:
            continue  # Opening it reports the error.
    return total


def content_hash(source: str) -> str:
    """Return a hash of a source's bytes, independent of its name; of pictures, also of their order.

    Raises:
        SourceError: It cannot be read.
    """
    digest = hashlib.blake2b(digest_size=16)
    files = list(files_of(source))
    if not files:
        digest.update(source.encode(errors="surrogateescape"))
    for path in files:
        try:
            with path.open("rb") as file:
                digest.update(hashlib.file_digest(file, hashlib.blake2b).digest())
        except OSError as error:
            raise SourceError(f"{path}: cannot be read: {error.strerror}") from error
    return digest.hexdigest()


def file_ids(paths: Iterable[Path]) -> set[tuple[int, int]]:
    """Return the identity (device and inode) of the files at some paths; missing files have none."""
    found = set()
    for path in paths:
        with suppress(OSError):
            state = path.stat()
            found.add((state.st_dev, state.st_ino))
    return found


def files_of(source: str) -> Iterator[Path]:
    """Yield the files that a source is made of; none for a scene."""
    path = Path(expanduser(source))
    if path.is_file():
        yield path
    elif path.is_dir():
        yield from (entry for entry in sorted(path.iterdir(), key=natural_sort_key) if entry.is_file())
    elif has_magic(source):
        yield from find_matches(source)
