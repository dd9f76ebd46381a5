"""Doubles for tests of livefilter, and of programs that use it: never imported at run time.

``livefilter.testing.strategies`` holds the hypothesis strategies; it alone needs hypothesis.
"""

from __future__ import annotations

from livefilter.testing._clock import FakeClock
from livefilter.testing._faults import FaultySource
from livefilter.testing._sink import ListSink
from livefilter.testing._source import ArraySource
from livefilter.testing._waiting import running, wait_until

__all__ = ["ArraySource", "FakeClock", "FaultySource", "ListSink", "running", "wait_until"]
