"""Noticing that a picture froze."""

from __future__ import annotations

import numpy as np

from livefilter.sources.live import FreezeDetector

SECOND = 1_000_000_000


def test_a_picture_that_stays_the_same_is_noticed_after_the_time_given() -> None:
    """Counted from the first of the same pictures, whether or not they are one array."""
    watch = FreezeDetector(2.0)
    still = np.full((16, 16), 9, np.uint8)
    assert [watch.update(still.copy(), at * SECOND) for at in range(4)] == [False, False, True, True]


def test_one_pixel_of_noise_is_enough_to_be_alive() -> None:
    """Also one that lies between those that are looked at first."""
    watch = FreezeDetector(2.0)
    still = np.zeros((16, 16), np.uint8)
    noisy = still.copy()
    noisy[3, 5] = 1
    assert not any(watch.update((still, noisy)[at % 2], at * SECOND) for at in range(6))
    assert [watch.update(noisy, at * SECOND) for at in (6, 7, 8)] == [False, True, True]


def test_another_size_is_another_picture() -> None:
    """Sizes may change over a reconnection."""
    watch = FreezeDetector(1.0)
    assert not watch.update(np.zeros((4, 4), np.uint8), 0)
    assert not watch.update(np.zeros((4, 8), np.uint8), SECOND)


def test_zero_seconds_never_notice_anything() -> None:
    """That is how it is switched off."""
    watch = FreezeDetector(0.0)
    still = np.zeros((4, 4), np.uint8)
    assert not any(watch.update(still, at * SECOND) for at in range(100))
