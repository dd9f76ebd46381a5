"""A version of Numba with other internals gives the same bytes, more slowly, after one warning."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.jit, pytest.mark.timeout(300)]  # Compiles functions without a cache.

_PROGRAM = """
import logging
import sys

import numpy as np

logging.basicConfig(format="%(levelname)s %(message)s")
from livefilter import Filter, Kernel, correlate, load_preset
from livefilter.compiler.threads import ThreadTeam, using_team
from livefilter.kernels import reference
from livefilter.testing import wait_until

image = np.random.default_rng(7).integers(0, 256, (37, 300), dtype=np.uint8)
kernel = Kernel(np.arange(25).reshape(5, 5) - 11)
with using_team(ThreadTeam(max_workers=1, min_share_us=1e-9)) as team:
    for threads in (1, 2):
        if threads == 2 and sys.argv[1] == "machine code":
            wait_until(lambda: team.start(1) and all(team.thread_ids), timeout_s=60)
        for name in sys.argv[2:]:
            expected = reference.apply_all(load_preset(name).operations, image)
            assert np.array_equal(Filter(name, threads=threads)(image).image, expected), name
    assert np.array_equal(correlate(image, kernel), reference.correlate(image, kernel))
"""


@pytest.mark.parametrize(
    ("breakage", "what_is_left"),
    [
        ("import numba.core.codegen as module; del module.AOTCPUCodegen", "machine code"),
        ("import numba.core.compiler as module; module.compile_extra = lambda *_: None", "NumPy"),
        ("import numba.np.arrayobj as module; del module.populate_array", "NumPy"),
    ],
    ids=["a class is gone", "a function takes other arguments", "intrinsics cannot be made"],
)
def test_numba_with_other_internals_gives_the_same_bytes(
    breakage: str, what_is_left: str, tmp_path: Path, thorough: bool
) -> None:
    """Presets and a kernel equal the reference, with one thread and with two, and one line warns."""
    presets = ["edge", "blur", "sharpen"] if thorough else ["blur"]
    (tmp_path / "sitecustomize.py").write_text(breakage, encoding="utf-8")  # Also in the process that compiles.
    paths = [str(tmp_path), *filter(None, [os.environ.get("PYTHONPATH")])]
    env = os.environ | {"PYTHONPATH": os.pathsep.join(paths), "LIVEFILTER_CACHE_DIR": str(tmp_path / "cache")}
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM, what_is_left, *presets],
        env=env,
        capture_output=True,
        text=True,
        timeout=280,
    )
    assert done.returncode == 0, done.stderr
    warnings = done.stderr.splitlines()
    assert len(warnings) == 1
    assert warnings[0].startswith("WARNING Numba ")
