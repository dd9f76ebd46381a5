"""Number of threads for a frame, and its split into tiles."""

from __future__ import annotations

import pytest

from livefilter.compiler.threads import MAX_THREADS, split_rows, thread_count, useful_threads
from livefilter.errors import OptionError


@pytest.mark.parametrize("threads", range(1, 9))
@pytest.mark.parametrize("rows", [1, 2, 7, 16, 1080])
def test_tiles_cover_every_row_once(rows: int, threads: int) -> None:
    """In order, none of them empty; the long ones come first, and the short ones make up for a late thread."""
    tiles = split_rows(rows, threads, 0)
    assert [row for first, last in tiles for row in range(first, last)] == list(range(rows))
    assert all(first < last for first, last in tiles)
    if rows == 1080:
        sizes = [last - first for first, last in tiles]
        assert len(sizes) == 2 * threads
        assert min(sizes[:threads]) > 3 * max(sizes[threads:])


def test_tiles_that_overlap_far_are_not_short() -> None:
    """Two neighbours both compute what overlaps."""
    assert len(split_rows(1080, 2, 50)) == 4
    assert split_rows(1080, 2, 60) == [(0, 540), (540, 1080)]


def test_threads_have_to_be_worth_it() -> None:
    """Not for little work, not more than are allowed, not more than there are rows, and always one."""
    assert useful_threads(8, 100, 1080) == 1
    assert useful_threads(8, 250, 1080) == 4
    assert useful_threads(2, 1e6, 1080) == 2
    assert useful_threads(8, 1e6, 3) == 3
    assert useful_threads(1, 0, 1) == 1


def test_the_number_of_threads_is_given_named_or_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """The argument, else LIVEFILTER_THREADS, else one per processor, within reason."""
    monkeypatch.setenv("LIVEFILTER_THREADS", "3")
    assert thread_count(2) == 2
    assert thread_count(None) == 3
    monkeypatch.delenv("LIVEFILTER_THREADS")
    assert 1 <= thread_count(None) <= MAX_THREADS


@pytest.mark.parametrize("given", ["0", "-2", "many", "1.5"])
def test_a_number_of_threads_that_makes_no_sense_is_refused(given: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The message names the source of the number."""
    monkeypatch.setenv("LIVEFILTER_THREADS", given)
    with pytest.raises(OptionError, match="LIVEFILTER_THREADS: must be at least 1"):
        thread_count(None)
