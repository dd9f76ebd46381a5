"""The Preset: a named, validated, immutable chain of steps, with its score and overlay settings."""

from __future__ import annotations

import hashlib
import json
from typing import Annotated, Any

from pydantic import Field, model_validator

from livefilter.kernels import HORIZONTAL_EDGE, VERTICAL_EDGE, Kernel, Operation, ScoreRule, to_fraction
from livefilter.presets._steps import STEPS, Flag, Number, Settings, Step, Weights

MAX_STEPS = 32


class ScoreSettings(Settings):
    """How frames are scored; the articles' 2x2 kernels unless others are given."""

    threshold: Number = Field(0.1, ge=0, le=1, description="share of R_max that counts as an edge")
    horizontal: Weights | None = Field(None, description="kernel for edges along the rows")
    vertical: Weights | None = Field(None, description="kernel for edges along the columns, of the same shape")

    @property
    def rule(self) -> ScoreRule:
        """The rule in exact terms."""
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
    """What is drawn on the picture."""

    scores: Flag = Field(True, description="the three scores with their bars")
    sparkline: Flag = Field(True, description="the scores of the last seconds")
    name: Flag = Field(True, description="the preset's name, and the rate when live")


class Preset(Settings):
    """A chain of steps with its score and overlay settings.

    Attributes:
        name: For people and for file names; the file's own name unless given.
        description: One sentence on what it looks like and what it is for.
        steps: Applied one after the other; none leaves the picture as it is.
        score: How frames are scored.
        overlay: What is drawn.
    """

    name: Annotated[str, Field(min_length=1, max_length=60)]
    description: Annotated[str, Field(max_length=500)] = ""
    steps: Annotated[tuple[Step, ...], Field(max_length=MAX_STEPS)]
    score: ScoreSettings = ScoreSettings()
    overlay: OverlaySettings = OverlaySettings()

    @property
    def operations(self) -> tuple[Operation, ...]:
        """The exact operations that the steps stand for, in order."""
        return tuple(step.operation() for step in self.steps)

    @property
    def hash(self) -> str:
        """What the preset does, as 16 hexadecimal digits: equal for presets that give the same pictures and scores.

        Name, description, comments, and how the file is written play no part. What is at its default counts as not
        given, so a setting that a later version adds leaves the hashes of older presets as they are.
        """
        content = self.model_dump(mode="json", exclude_defaults=True, include={"score", "overlay"})
        content["steps"] = [
            [step.step, step.model_dump(mode="json", exclude_defaults=True, exclude={"step"})] for step in self.steps
        ]
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:16]


def schema() -> dict[str, Any]:
    """Return the JSON Schema of a preset file as people write it, for editors.

    It differs from the validated form in three places: a step is a mapping of one key, a name is optional, and
    ``extend`` and ``override`` are known.
    """
    made = Preset.model_json_schema()
    definitions = made["$defs"]
    entries = []
    for name, model in STEPS.items():
        settings = definitions[model.__name__]
        settings["properties"].pop("step")
        needed = [key for key in settings.get("required", []) if key != "step"]
        settings["type"] = "object" if needed else ["object", "null"]
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
    made["properties"]["steps"] = {
        "type": "array",
        "maxItems": MAX_STEPS,
        "items": {"oneOf": entries},
        "description": "applied one after the other",
    }
    made["properties"]["extend"] = {"type": "string", "description": "preset (name or path) to start from"}
    made["properties"]["override"] = {
        "type": "object",
        "description": "settings changed in inherited steps; NAME.2 is the second step of that name",
        "patternProperties": {f"^({'|'.join(STEPS)})(\\.[1-9][0-9]*)?$": {"type": "object"}},
        "additionalProperties": False,
    }
    made["anyOf"] = [{"required": ["steps"]}, {"required": ["extend"]}]
    made.pop("required")
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **made}
