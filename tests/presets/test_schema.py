"""The JSON Schema for editors: it takes what livefilter takes, and marks the mistakes that structure shows."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from livefilter.errors import PresetError
from livefilter.presets import STEPS, load_preset, schema
from livefilter.resources import resource_folder

TYPES: dict[str, tuple[type, ...]] = {
    "object": (dict,), "array": (list,), "string": (str,), "number": (int, float), "integer": (int,),
    "boolean": (bool,), "null": (type(None),),
}  # fmt: skip
NOTES = {"$schema", "$defs", "title", "description", "default"}


def fits(value: Any, rule: Any, root: dict[str, Any]) -> bool:
    """Check a value by the part of JSON Schema 2020-12 that the schema uses; an unknown keyword is an error."""
    if isinstance(rule, bool):
        return rule
    return all(_holds(keyword, wanted, value, rule, root) for keyword, wanted in rule.items() if keyword not in NOTES)


def _holds(keyword: str, wanted: Any, value: Any, rule: dict[str, Any], root: dict[str, Any]) -> bool:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    match keyword:
        case "$ref":
            return fits(value, root["$defs"][wanted.removeprefix("#/$defs/")], root)
        case "type":
            kinds = [wanted] if isinstance(wanted, str) else wanted
            is_truth = isinstance(value, bool)
            return any(isinstance(value, TYPES[kind]) and is_truth == (kind == "boolean") for kind in kinds)
        case "const":
            return bool(value == wanted)
        case "enum":
            return value in wanted
        case "anyOf":
            return any(fits(value, one, root) for one in wanted)
        case "oneOf":
            return sum(fits(value, one, root) for one in wanted) == 1
        case "minimum":
            return not is_number or value >= wanted
        case "maximum":
            return not is_number or value <= wanted
        case "exclusiveMinimum":
            return not is_number or value > wanted
        case "minLength":
            return not isinstance(value, str) or len(value) >= wanted
        case "maxLength":
            return not isinstance(value, str) or len(value) <= wanted
        case "minItems":
            return not isinstance(value, list) or len(value) >= wanted
        case "maxItems":
            return not isinstance(value, list) or len(value) <= wanted
        case "maxProperties":
            return not isinstance(value, dict) or len(value) <= wanted
        case "items":
            return not isinstance(value, list) or all(fits(item, wanted, root) for item in value)
        case "prefixItems":
            return not isinstance(value, list) or all(fits(*pair, root) for pair in zip(value, wanted, strict=False))
        case "required":
            return not isinstance(value, dict) or all(key in value for key in wanted)
        case "properties":
            return not isinstance(value, dict) or all(
                fits(value[key], wanted[key], root) for key in wanted if key in value
            )
        case "patternProperties":
            return not isinstance(value, dict) or all(
                fits(item, one, root)
                for pattern, one in wanted.items()
                for key, item in value.items()
                if re.search(pattern, key)
            )
        case "additionalProperties":
            known = rule.get("properties", {})
            patterns = rule.get("patternProperties", {})
            return not isinstance(value, dict) or all(
                fits(item, wanted, root)
                for key, item in value.items()
                if key not in known and not any(re.search(pattern, key) for pattern in patterns)
            )
    raise AssertionError(f"the schema uses {keyword!r}, which this test does not know")


GOOD = [
    "steps: []",
    "steps: [laplacian: null]",
    "steps: [unsharp: {}, tone: {gain: 2, invert: true}]",
    "steps: [box: {size: 3}, box: {size: [3, 5]}]",
    "steps: [kernel: {weights: [[0, 1], [1, 0.5]], divisor: 2, anchor: [0, 1], border: wrap}]",
    "steps: [gradient: {x: [[1]], y: [[2]], norm: max}]",
    "{extend: edge, override: {gaussian: {sigma: 3}}}",
    "{extend: edge, override: {gaussian.1: {sigma: 3}}, description: more, score: {threshold: 0.5}}",
    "{name: a, steps: [], overlay: {scores: false}, score: {horizontal: [[1]], vertical: [[2]]}}",
    "{steps: [], zones: {}}",
    "{steps: [], zones: {door: [[0, 0], [0.5, 0], [0.5, 1]], Tür-2: [[0, 0], [1, 0], [1, 1], [0, 1]]}}",
    "{steps: [], zones: {été: [[0, 0], [1, 0], [1, 1]]}}",
]
BAD = [
    "[]",
    "{}",
    "name: a",
    "stpes: []",
    "{steps: [], soup: 1}",
    "steps: {}",
    "steps: [blur]",
    "steps: [gausian: {sigma: 1}]",
    "steps: [gaussian: {sigmma: 1}]",
    "steps: [gaussian: {sigma: wide}]",
    "steps: [gaussian: {sigma: -1}]",
    "steps: [{gaussian: {sigma: 1}, box: {size: 3}}]",
    "steps: [box: null]",
    "steps: [box: {size: 64}]",
    "steps: [box: {size: [3]}]",
    "steps: [box: {size: [3, 3, 3]}]",
    "steps: [box: {size: big}]",
    "steps: [kernel: {}]",
    "steps: [kernel: {weights: [1, 2]}]",
    "steps: [kernel: {weights: [[a]]}]",
    "steps: [tone: {invert: on}]",
    "steps: [tone: {step: tone}]",
    "steps: [gradient: {norm: l3}]",
    "steps: [laplacian: {neighbours: 6}]",
    "{steps: [], score: {threshold: 2}}",
    "{steps: [], overlay: {sores: true}}",
    "{steps: [], name: ''}",
    "{steps: [], zones: [[0, 0], [1, 0], [1, 1]]}",
    "{steps: [], zones: {door: [[0, 0], [1, 1]]}}",
    "{steps: [], zones: {door: [[0, 0], [1, 0], [2, 1]]}}",
    "{steps: [], zones: {door: [[0, 0], [1, 0], [1]]}}",
    "{steps: [], zones: {2nd: [[0, 0], [1, 0], [1, 1]]}}",
    "{steps: [], zones: {a.b: [[0, 0], [1, 0], [1, 1]]}}",
    "{extend: 5}",
    "{extend: edge, override: {gausian: {sigma: 1}}}",
    "{extend: edge, override: {gaussian.0: {sigma: 1}}}",
]


@pytest.fixture(scope="module")
def made() -> dict[str, Any]:
    """The schema as an editor reads it."""
    again: dict[str, Any] = json.loads(json.dumps(schema()))
    return again


@pytest.mark.parametrize("text", GOOD)
def test_the_schema_takes_good_presets(text: str, made: dict[str, Any], tmp_path: Path) -> None:
    """What loads is not underlined."""
    (tmp_path / "mine.yaml").write_text(text, encoding="utf-8")
    load_preset(tmp_path / "mine.yaml")
    assert fits(YAML(typ="safe").load(text), made, made)


@pytest.mark.parametrize("file", sorted(resource_folder("configs").glob("*.yaml")), ids=lambda file: file.stem)
def test_the_schema_takes_every_shipped_preset(file: Path, made: dict[str, Any]) -> None:
    """The examples that people start from are not underlined."""
    assert fits(YAML(typ="safe").load(file.read_text(encoding="utf-8")), made, made)


@pytest.mark.parametrize("text", BAD)
def test_the_schema_refuses_bad_presets(text: str, made: dict[str, Any], tmp_path: Path) -> None:
    """What does not load, for a reason that structure shows, is underlined."""
    (tmp_path / "mine.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(PresetError):
        load_preset(tmp_path / "mine.yaml")
    assert not fits(YAML(typ="safe").load(text), made, made)


def test_the_schema_knows_and_describes_every_step(made: dict[str, Any]) -> None:
    """An editor can offer all steps, each with its sentence."""
    entries = made["properties"]["steps"]["items"]["oneOf"]
    assert [name for entry in entries for name in entry["properties"]] == list(STEPS)
    assert all(entry["description"] for entry in entries)


def test_all_references_lead_somewhere(made: dict[str, Any]) -> None:
    """No definition is missing and none is left over."""
    used = set(re.findall(r'"#/\$defs/(\w+)"', json.dumps(made)))
    assert used == set(made["$defs"])
    assert made["$schema"] == "https://json-schema.org/draft/2020-12/schema"


def test_asking_twice_gives_the_same(made: dict[str, Any]) -> None:
    """Each call returns a new schema, so changes by one caller do not affect another."""
    schema()["properties"].clear()
    assert json.loads(json.dumps(schema())) == made
