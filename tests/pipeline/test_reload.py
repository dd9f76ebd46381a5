"""Noticing that a file was saved, however an editor does it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from livefilter.pipeline._reload import FileWatch
from livefilter.testing import FakeClock


class Watched:
    """A file, and what a watch tells about it as time passes."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "a.yaml"
        self.path.write_text("first")
        self.clock = FakeClock()
        self.watch = FileWatch(self.path, self.clock)

    def changes(self, seconds: float = 0.5) -> int:
        """How often it tells of a change in the time to come."""
        told = 0
        for _ in range(round(seconds / 0.05)):
            self.clock.advance(0.051)
            told += self.watch.is_changed()
        return told


@pytest.fixture
def watched(tmp_path: Path) -> Watched:
    """A file that is watched."""
    return Watched(tmp_path)


def test_a_file_that_stays_as_it_is_tells_nothing(watched: Watched) -> None:
    """Reading it is no change."""
    watched.path.read_text()
    assert watched.changes() == 0


def test_writing_in_place_tells_once(watched: Watched) -> None:
    """And again the next time."""
    watched.path.write_text("second, longer")
    assert watched.changes() == 1
    watched.path.write_text("third")
    assert watched.changes() == 1


def test_moving_another_file_over_it_tells_once(watched: Watched) -> None:
    """Even one of the same size and time."""
    other = watched.path.with_suffix(".new")
    other.write_text("other")
    then = watched.path.stat()
    os.utime(other, ns=(then.st_atime_ns, then.st_mtime_ns))
    os.replace(other, watched.path)
    assert watched.changes() == 1


def test_it_waits_until_nobody_writes_any_more(watched: Watched) -> None:
    """A file is not read while it grows."""
    for size in range(10, 15):
        watched.path.write_text("x" * size)
        watched.clock.advance(0.051)
        assert not watched.watch.is_changed()
    assert watched.changes() == 1


def test_a_file_that_is_gone_for_a_moment_is_no_change(watched: Watched) -> None:
    """Some editors move the old one away before they write the new one."""
    content = watched.path.read_text()
    watched.path.unlink()
    assert watched.changes(0.5) == 0
    watched.path.write_text(content)
    assert watched.changes() == 1


def test_a_file_that_stays_away_is_told_once(watched: Watched) -> None:
    """After a second; and once more when it is back."""
    watched.path.unlink()
    assert watched.changes(3) == 1
    watched.path.write_text("back")
    assert watched.changes() == 1
