"""Compiling in a process of its own, so that a live picture never waits.

Compiling is Python for the most part and holds the interpreter's lock: pictures that came every 33 ms came up to 390 ms
apart while a thread compiled. A child that fills the cache folder and a quick load afterwards leave them at 33 to 60.
"""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from livefilter.compiler._cache import can_keep
from livefilter.compiler._chain import Chain, is_cached
from livefilter.presets import Preset

_PROGRAM = "from livefilter.compiler._beside import main; main()"
_POLL_S = 0.02
_PATIENCE_S = 120
_NICE = 10
logger = logging.getLogger("livefilter.compiler")


def compile_beside(preset: Preset, is_cancelled: Callable[[], bool]) -> None:
    """Have a child compile what is not in the cache folder yet; do nothing where that would not help.

    Whatever goes wrong with the child is only logged: who needs the preset compiles it then.
    """
    if not sys.executable or not can_keep() or is_cached(preset.operations, preset.score.rule):
        return
    roots = [str(Path(__file__).parents[2]), os.environ.get("PYTHONPATH", "")]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, roots))}
    lower: int = getattr(subprocess, "BELOW_NORMAL_PRIORITY_CLASS", 0)  # On Windows only.
    try:
        child = subprocess.Popen(
            [sys.executable, "-c", _PROGRAM],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            env=environment,
            creationflags=lower,
            start_new_session=True,  # Ctrl-C is for the program that shows the picture.
        )
    except OSError as error:
        logger.warning("cannot compile beside: %s", error)
        return
    _attend(child, preset.model_dump_json().encode(), is_cancelled)


def main() -> None:
    """Compile the preset that is written to standard input."""
    if hasattr(os, "nice"):
        os.nice(_NICE)
    preset = Preset.model_validate_json(sys.stdin.buffer.read())
    Chain(preset.operations, preset.score.rule)


def _attend(child: subprocess.Popen[bytes], text: bytes, is_cancelled: Callable[[], bool]) -> None:
    with child:
        waited_s, given = 0.0, text
        while True:
            try:
                _, told = child.communicate(given, timeout=_POLL_S)
                break
            except subprocess.TimeoutExpired:
                waited_s, given = waited_s + _POLL_S, b""
                if is_cancelled() or waited_s > _PATIENCE_S:
                    child.kill()
    if child.returncode > 0 and not is_cancelled():
        logger.warning("compiling beside failed: %s", told.decode(errors="replace").strip().splitlines()[-1:])
