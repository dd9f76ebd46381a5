"""Presets: YAML text to a validated, immutable chain of steps."""

from __future__ import annotations

from livefilter.presets._lookup import find_preset, list_presets, load_preset, user_folder
from livefilter.presets._preset import OverlaySettings, Preset, ScoreSettings, schema
from livefilter.presets._steps import STEPS, StepSettings
from livefilter.presets._strength import Strength, adjust_strength

__all__ = [
    "STEPS",
    "OverlaySettings",
    "Preset",
    "ScoreSettings",
    "StepSettings",
    "Strength",
    "adjust_strength",
    "find_preset",
    "list_presets",
    "load_preset",
    "schema",
    "user_folder",
]
