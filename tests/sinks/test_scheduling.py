"""Encoders leave the scheduling of the process's threads alone."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import av
import pytest

PROGRAM = """
import os, sys
from fractions import Fraction
from pathlib import Path
import numpy as np
from livefilter.analysis import Result
from livefilter.frame import Frame
from livefilter.sinks import Encoding, open_sink

def policies():
    return {os.sched_getscheduler(int(thread)) for thread in os.listdir("/proc/self/task")}

before = policies()
sink = open_sink(Path(sys.argv[1]), rate=Fraction(25), time_base=Fraction(1, 25), encoding=Encoding(codec="av1"))
opened = policies()
for index in range(3):
    sink.write(Result.unfiltered(Frame(np.zeros((64, 64), np.uint8), index, Fraction(index, 25), 0)))
written = policies()
sink.finish()
print(before == opened == written == policies() == {os.SCHED_OTHER})
"""


@pytest.mark.skipif(sys.platform != "linux", reason="Linux only")
def test_no_thread_becomes_a_real_time_one(require: Callable[[object, str], None], tmp_path: Path) -> None:
    """SVT-AV1 makes its own threads, and the one that opens it, real-time ones if root runs it."""
    require(os.geteuid() == 0, "only root's threads become real-time ones")
    require("libsvtav1" in av.codecs_available, "no SVT-AV1")
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, tmp_path / "a.mkv"], capture_output=True, text=True, check=True, timeout=100
    )
    assert done.stdout == "True\n"
