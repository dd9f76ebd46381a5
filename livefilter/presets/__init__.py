"""Presets: YAML documents that become validated, immutable chains of steps.

Begin reading in `_preset`, the model of a whole preset, and `_steps`, the settings of each step. `_yaml` parses text
and remembers the location of each value, `_parse` turns a document into a preset and words its errors, `_lookup` finds
presets by name, `_strength` adjusts a preset's main parameter, `_zones` reads zones.
"""

from __future__ import annotations

from livefilter.presets._lookup import find_preset, list_presets, load_preset, user_folder
from livefilter.presets._preset import OverlaySettings, Preset, ScoreSettings, schema
from livefilter.presets._steps import STEPS, StepSettings
from livefilter.presets._strength import Strength, adjust_strength
from livefilter.presets._zones import load_zones

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
    "load_zones",
    "schema",
    "user_folder",
]
