"""Golden hashes of the shipped presets on a recording; ``python tests/goldens.py`` regenerates them.

A commit that changes a golden says why the pixels changed.
"""

from __future__ import annotations

import hashlib
import json
from itertools import islice
from pathlib import Path

from livefilter import Filter, list_presets, open_source

_HERE = Path(__file__).resolve().parent
GOLDENS = _HERE / "goldens.json"
RECORDING = _HERE.parent / "recordings" / "webcam.mp4"
FRAME = 75


def golden(preset: str) -> dict[str, object]:
    """Return the hash of the pixels and the scores of one frame of the recording."""
    with open_source(RECORDING) as source:
        frame = next(islice(source, FRAME, None))
    result = Filter(preset)(frame.pixels)
    score = result.score
    return {
        "sha256": hashlib.sha256(result.image.tobytes()).hexdigest(),
        "scores": [score.horizontal, score.vertical, score.density],
    }


if __name__ == "__main__":
    GOLDENS.write_text(json.dumps({name: golden(name) for name in list_presets()}, indent=2) + "\n", encoding="utf-8")
