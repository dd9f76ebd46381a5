"""Test doubles for livefilter and for programs that use it; never imported at run time.

Sources and sinks made of arrays and lists, a clock, and waits with deadlines. `livefilter.testing.strategies` has
hypothesis strategies (and alone needs hypothesis); `livefilter.testing.soak` is the soak test.
"""

from __future__ import annotations

from livefilter.testing._clock import FakeClock
from livefilter.testing._faults import FaultySource
from livefilter.testing._sink import ListSink
from livefilter.testing._source import ArraySource
from livefilter.testing._waiting import running, wait_until

__all__ = ["ArraySource", "FakeClock", "FaultySource", "ListSink", "running", "wait_until"]
