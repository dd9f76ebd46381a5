"""A program that uses cameras as it is told: a line of JSON in for each, a line of JSON out of what came of it."""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from fractions import Fraction
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
        then: What happens to the camera: [after how many frames, seconds later, its file, the file's text or None].
    """
    made = {"rate": Fraction, "size": tuple}
    options = {name: made.get(name, lambda value: value)(value) for name, value in options.items()}
    answer: dict[str, Any] = {"states": []}
    began_s, began_ns = time.monotonic(), time.monotonic_ns()
    frames: list[Frame] = []
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
                for after, seconds, file, text in then:
                    if len(frames) == after:
                        threading.Timer(seconds, change, (Path(file), text)).start()
                if len(frames) == count:
                    break
            answer |= {"counts": dict(source.health.counts), "loss": source.loss}
    except LivefilterError as error:
        answer["error"] = str(error)
    if frames:
        np.save(into, np.stack([frame.pixels for frame in frames]))
    answer["captured_ns"] = [frame.captured_ns - began_ns for frame in frames]
    answer["times_s"] = [float(frame.time_s) for frame in frames]
    answer["took_s"] = time.monotonic() - began_s
    answer["threads"] = sorted(thread.name for thread in threading.enumerate())
    answer["descriptors"] = len(os.listdir("/proc/self/fd"))
    return answer


def change(file: Path, text: str | None) -> None:
    """Write another text into a camera, or pull its cable."""
    if text is None:
        file.unlink()
    else:
        file.write_text(text, encoding="utf-8")


for line in sys.stdin:
    print(json.dumps(used(**json.loads(line))), flush=True)
