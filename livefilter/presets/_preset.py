"""Presets: named, validated, immutable chains of steps with score and overlay settings."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, model_validator

from livefilter.frame import Color
from livefilter.kernels import (
    HORIZONTAL_EDGE,
    MAX_POINTS,
    MAX_ZONES,
    VERTICAL_EDGE,
    Kernel,
    Operation,
    ScoreRule,
    Zone,
    make_zones,
    to_fraction,
)
from livefilter.presets._steps import STEPS, Flag, Number, Settings, Step, Weights

MAX_STEPS = 32


class ScoreSettings(Settings):
    """How frames are scored; by default with the 2x2 kernels of `livefilter.kernels`."""

    threshold: Number = Field(0.1, ge=0, le=1, description="share of R_max that counts as an edge")
    horizontal: Weights | None = Field(None, description="kernel for edges along the rows")
    vertical: Weights | None = Field(None, description="kernel for edges along the columns, of the same shape")

    @property
    def rule(self) -> ScoreRule:
        """The exact rule of these settings."""
        return ScoreRule(
            HORIZONTAL_EDGE if self.horizontal is None else Kernel(self.horizontal, name="horizontal score"),
            VERTICAL_EDGE if self.vertical is None else Kernel(self.vertical, name="vertical score"),
            to_fraction(self.threshold),
        )

    @model_validator(mode="after")
    def _check(self) -> ScoreSettings:
        if (self.horizontal is None) != (self.vertical is None):
            raise ValueError("give both horizontal and vertical, or neither")
        _ = self.rule  # Making it checks the kernels and the threshold.
        return self


class OverlaySettings(Settings):
    """What is drawn on the image."""

    scores: Flag = Field(True, description="the three scores with their bars")
    zones: Flag = Field(True, description="the zones: outlines, names and scores")
    sparkline: Flag = Field(True, description="the scores of the last seconds")
    name: Flag = Field(True, description="the preset's name, and the rate when live")


class Preset(Settings):
    """A chain of steps with its score and overlay settings.

    Attributes:
        name: Name for people and for file names; by default the name of the file.
        description: One sentence on its look and its purpose.
        steps: Applied one after the other; without steps the image stays as it is.
        score: How frames are scored.
        overlay: What is drawn on the image.
        zones: Parts of the frame that have scores of their own, in order.
        color: What is filtered: "gray", the frame's gray; "luma", the luma of frames that keep their colours; or "rgb",
            each channel.
    """

    name: Annotated[str, Field(min_length=1, max_length=60)]
    description: Annotated[str, Field(max_length=500)] = ""
    steps: Annotated[tuple[Step, ...], Field(max_length=MAX_STEPS)]
    score: ScoreSettings = ScoreSettings()
    overlay: OverlaySettings = OverlaySettings()
    zones: Annotated[tuple[Zone, ...], BeforeValidator(make_zones)] = ()
    color: Color = Field(
        "gray",
        description="what the steps filter: gray; luma, so that frames keep their colours; or rgb, each channel",
    )

    def with_zones(self, zones: Mapping[str, Any] | Iterable[Zone] | None) -> Preset:
        """Return the preset with these zones instead of its own; None keeps its own.

        Args:
            zones: Names and points, as in a file, or Zones.

        Raises:
            OptionError: A zone breaks a rule.
        """
        return self if zones is None else self.model_copy(update={"zones": make_zones(zones)})

    @property
    def operations(self) -> tuple[Operation, ...]:
        """The exact operations of the steps, in order."""
        return tuple(step.operation() for step in self.steps)

    @property
    def hash(self) -> str:
        """Hash of what the preset does, 16 hexadecimal digits: equal for presets with the same images and scores.

        Name, description, comments and the layout of the file do not matter. Settings at their defaults are left out,
        so a setting that a later version adds does not change the hashes of older presets.
        """
        content = self.model_dump(mode="json", exclude_defaults=True, include={"score", "overlay", "zones", "color"})
        content["steps"] = [
            [step.step, step.model_dump(mode="json", exclude_defaults=True, exclude={"step"})] for step in self.steps
        ]
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:16]


def schema() -> dict[str, Any]:
    """Return the JSON Schema of preset files, for editors.

    A file differs from the validated model: a step is a mapping of one key, zones are a mapping of names to points, the
    name is optional, and there are ``extend`` and ``override``.
    """
    schema_ = Preset.model_json_schema()
    definitions = schema_["$defs"]
    entries = []
    for name, model in STEPS.items():
        settings = definitions[model.__name__]
        settings["properties"].pop("step")
        required = [key for key in settings.get("required", []) if key != "step"]
        settings["type"] = "object" if required else ["object", "null"]
        reference = {"$ref": f"#/$defs/{model.__name__}"}
        entries.append(
            {
                "type": "object",
                "properties": {name: reference},
                "required": [name],
                "additionalProperties": False,
                "description": settings["description"],
            }
        )
    schema_["properties"]["steps"] = {
        "type": "array",
        "maxItems": MAX_STEPS,
        "items": {"oneOf": entries},
        "description": "applied one after the other",
    }
    definitions.pop("Zone")
    schema_["properties"]["zones"] = {
        "type": "object",
        "description": "parts of the frame that have scores of their own: names and corners",
        "maxProperties": MAX_ZONES,
        "patternProperties": {r"^[^\x00-@\[-`{-\x7f][^\s.]{0,39}$": _polygon_schema()},
        "additionalProperties": False,
    }
    schema_["properties"]["extend"] = {"type": "string", "description": "preset (name or path) to start from"}
    schema_["properties"]["override"] = {
        "type": "object",
        "description": "settings changed in inherited steps; NAME.2 is the second step of that name",
        "patternProperties": {f"^({'|'.join(STEPS)})(\\.[1-9][0-9]*)?$": {"type": "object"}},
        "additionalProperties": False,
    }
    schema_["anyOf"] = [{"required": ["steps"]}, {"required": ["extend"]}]
    schema_.pop("required")
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema_}


def _polygon_schema() -> dict[str, Any]:
    fraction = {"type": "number", "minimum": 0, "maximum": 1}
    return {
        "type": "array",
        "description": "corners [x, y], in order, as fractions of the picture's width and height from the top left",
        "minItems": 3,
        "maxItems": MAX_POINTS,
        "items": {"type": "array", "prefixItems": [fraction, fraction], "minItems": 2, "maxItems": 2},
    }
