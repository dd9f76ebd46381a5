"""Regression test: every shipped preset gives its golden pixels and scores."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import pytest

from livefilter import list_presets

_spec = importlib.util.spec_from_file_location("goldens", Path(__file__).with_name("goldens.py"))
assert _spec is not None
assert _spec.loader is not None
goldens = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(goldens)

RECORDED = json.loads(goldens.GOLDENS.read_text(encoding="utf-8"))


def test_every_shipped_preset_has_a_golden() -> None:
    """No preset is added or removed without its golden."""
    assert set(RECORDED) == set(list_presets())


@pytest.mark.jit
@pytest.mark.parametrize("preset", sorted(RECORDED))
def test_a_preset_gives_its_golden_pixels(preset: str) -> None:
    """The bytes and the scores of one frame of the recording are the recorded ones."""
    assert goldens.golden(preset) == RECORDED[preset]
