"""A program that uses cameras on request: one line of JSON in for each, one line of JSON out with the result."""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from collections.abc import Sequence
from fractions import Fraction
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any

import numpy as np

from livefilter.errors import LivefilterError
from livefilter.frame import Frame
from livefilter.sources import open_source


def used(spec: str, count: int, into: str, options: dict[str, Any], then: list[Any]) -> dict[str, Any]:
    """Open a camera, take so many frames, and close it.

    Args:
        spec: The camera.
        count: How many frames to take.
        into: Where the frames are saved.
        options: Of the source.
        then: What happens to the camera: [after how many frames, seconds later, its file, the file's text or None];
            a text that begins with an arrow is what the file links to.
    """
    made = {"rate": Fraction, "size": tuple}
    options = {name: made.get(name, lambda value: value)(value) for name, value in options.items()}
    answer: dict[str, Any] = {"states": []}
    began_s, began_ns = time.monotonic(), time.monotonic_ns()
    frames: list[Frame] = []

    def happen() -> None:
        # In their order, which timers would not keep.
        for seconds, changes in groupby((step for step in then if step[0] == len(frames)), key=itemgetter(1)):
            steps = [(Path(file), text) for _, _, file, text in changes]
            threading.Timer(seconds, change, (steps,)).start()

    happen()
    try:
        with open_source(spec, **options) as source:
            assert source.health is not None
            facts = source.facts
            answer |= {"name": facts.name, "rate": str(facts.rate), "notes": facts.notes}
            for frame in source:
                if not frames:
                    answer["first_s"] = time.monotonic() - began_s
                frames.append(frame)
                state = source.health.state
                if answer["states"][-1:] != [state]:
                    answer["states"].append(state)
                happen()
                if len(frames) == count:
                    break
            answer |= {"counts": dict(source.health.counts), "loss": source.loss}
    except LivefilterError as error:
        answer["error"] = str(error)
    if frames:
        np.save(into, np.stack([frame.gray for frame in frames]))
        shapes = [frame.pixels.shape for frame in frames]
        if len(shapes[0]) == 3 and len(set(shapes)) == 1:
            np.save(Path(into).with_suffix(".bgr.npy"), np.stack([frame.pixels for frame in frames]))
        answer["channels"] = [frame.pixels.ndim for frame in frames]
    answer["captured_ns"] = [frame.captured_ns - began_ns for frame in frames]
    answer["times_s"] = [float(frame.time_s) for frame in frames]
    answer["took_s"] = time.monotonic() - began_s
    answer["threads"] = sorted(thread.name for thread in threading.enumerate())
    answer["descriptors"] = len(os.listdir("/proc/self/fd"))
    return answer


def change(steps: Sequence[tuple[Path, str | None]]) -> None:
    """Write other texts into cameras, link to them, or pull their cables."""
    for file, text in steps:
        if text is None:
            file.unlink()
        elif text.startswith("-> "):
            file.symlink_to(text.removeprefix("-> "))
        else:
            file.write_text(text, encoding="utf-8")


for line in sys.stdin:
    print(json.dumps(used(**json.loads(line))), flush=True)
