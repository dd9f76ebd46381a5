"""Presets from documents: inheritance, validation, and one-line error messages with a location."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from livefilter.errors import PresetError
from livefilter.presets._preset import Preset
from livefilter.presets._steps import STEPS
from livefilter.presets._yaml import Document, Location, Path, format_path, read_document, short
from livefilter.presets._zones import read_zones

_TOP_LEVEL = [*Preset.model_fields, "extend", "override"]
_YAML_11 = {"on": "true", "yes": "true", "off": "false", "no": "false"}
_WORDING = {
    "bool_type": "must be true or false",
    "float_type": "must be a number",
    "int_type": "must be a whole number",
    "model_type": "must be a mapping",
    "string_type": "must be text",
    "tuple_type": "must be a list",
}


def parse_preset(text: str, file: str, default_name: str, parent: Callable[[str, Location], Document]) -> Preset:
    """Return the preset in ``text``.

    Args:
        text: YAML.
        file: Name of the file in error messages.
        default_name: Name of the preset if the text has none.
        parent: Returns the document that an ``extend`` names; its second argument is the location of that name.

    Raises:
        PresetError: The preset is invalid; one line with file:line:column, key path, what is expected and what was
            found.
    """
    document = inherit(read_document(text, file), parent)
    document.values.setdefault("name", default_name)
    try:
        return Preset.model_validate(_canonical(document))
    except ValidationError as errors:
        messages = [(error["type"] == "missing", *_explain(error, document)) for error in errors.errors()]
        # Missing keys come last: a misspelt key is the likely reason, and its message says more.
        _, location, message = min(
            messages, key=lambda error: (error[0], error[1].file, error[1].line, error[1].column)
        )
        more = len(messages) - 1
        rest = f" (and {more} more error{'s' * (more > 1)})" if more else ""
        raise PresetError(f"{location}: {message}{rest}") from errors


def inherit(document: Document, parent: Callable[[str, Location], Document]) -> Document:
    """Merge ``document`` over the one that its ``extend`` names, and apply its ``override``.

    Mappings merge key by key; everything else, including steps, replaces. Locations follow their values.
    """
    if "extend" not in document.values:
        if "override" in document.values:
            location = document.key_locations[("override",)]
            raise PresetError(f"{location}: override: changes inherited steps, so it needs an 'extend' beside it")
        return document
    name = document.values["extend"]
    if not isinstance(name, str):
        location = document.location(("extend",))
        raise PresetError(f"{location}: extend: must name a preset, or be its path, found {short(name)}")
    base = parent(name, document.location(("extend",)))
    base.values.pop("name", None)
    overrides = document.values.pop("override", {})
    document.values.pop("extend")
    _merge(base, document, ())
    if not isinstance(overrides, dict):
        location = document.location(("override",))
        raise PresetError(f"{location}: override: must be a mapping of steps, found {short(overrides)}")
    for target, settings in overrides.items():
        _override(base, document, target, settings)
    return base


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return the end of a message about an unknown word: the nearest known word, if any, and all known words."""
    words = list(known)
    near = difflib.get_close_matches(word, words, n=1, cutoff=0.6)
    return (f"; did you mean {near[0]!r}?" if near else ";") + f" known: {', '.join(words)}"


def _merge(base: Document, over: Document, path: Path) -> None:
    """Merge the value of ``over`` at ``path`` into ``base``."""
    ours, theirs = base.at(path), over.at(path)
    for key, value in theirs.items():
        here = (*path, key)
        if isinstance(value, dict) and isinstance(ours.get(key), dict):
            _merge(base, over, here)
            continue
        ours[key] = value
        for locations, others in ((base.locations, over.locations), (base.key_locations, over.key_locations)):
            for outdated in [known for known in locations if known[: len(here)] == here]:
                del locations[outdated]
            locations.update({known: location for known, location in others.items() if known[: len(here)] == here})


def _override(base: Document, over: Document, target: str, settings: Any) -> None:
    """Merge the settings of ``over`` for one inherited step into that step."""
    location = over.key_locations[("override", target)]
    name, _, number = target.partition(".")
    steps = base.values.get("steps")
    if not isinstance(steps, list):
        raise PresetError(f"{location}: override: there is no inherited step to change")
    indices = [index for index, step in enumerate(steps) if isinstance(step, dict) and list(step) == [name]]
    if not indices:
        known_steps = dict.fromkeys(next(iter(step)) for step in steps if isinstance(step, dict) and step)
        raise PresetError(f"{location}: override: no inherited step {name!r}{did_you_mean(name, known_steps)}")
    if number and not (number.isdecimal() and 1 <= int(number) <= len(indices)):
        raise PresetError(f"{location}: override: {target!r} must count from {name}.1 to {name}.{len(indices)}")
    if not isinstance(settings, dict):
        raise PresetError(f"{location}: override.{target}: must be a mapping of settings, found {short(settings)}")
    for index in [indices[int(number) - 1]] if number else indices:
        inherited: Path = ("steps", index, name)
        if not isinstance(base.at(inherited), dict):
            steps[index][name] = {}
        changed = Document({"steps": {index: {name: settings}}})
        prefix: Path = ("override", target)
        for locations, others in ((changed.locations, over.locations), (changed.key_locations, over.key_locations)):
            locations.update({inherited + key[2:]: value for key, value in others.items() if key[:2] == prefix})
        _merge(base, changed, inherited)


def _canonical(document: Document) -> dict[str, Any]:
    """Return the values in the form that the model validates: each step as settings that name their step."""
    values = dict(document.values)
    if "zones" in values:
        values["zones"] = read_zones(document, ("zones",))
    steps = values.get("steps")
    if not isinstance(steps, list):
        return values
    values["steps"] = canonical = []
    for at, step in enumerate(steps):
        path: Path = ("steps", at)
        if not isinstance(step, dict) or len(step) != 1:
            found = f"{len(step)} keys {short(list(step))}" if isinstance(step, dict) else short(step)
            raise PresetError(
                f"{document.location(path)}: {format_path(path)}: a step is a mapping of one key, such as "
                f"'gaussian: {{sigma: 1}}', found {found}"
            )
        ((name, settings),) = step.items()
        if name not in STEPS:
            raise PresetError(
                f"{document.key_locations[(*path, name)]}: {format_path(path)}: unknown step {name!r}"
                f"{did_you_mean(name, STEPS)}"
            )
        if not isinstance(settings, dict | None):
            raise PresetError(
                f"{document.location((*path, name))}: {format_path((*path, name))}: must be a mapping of settings, "
                f"found {short(settings)}"
            )
        if "step" in (settings or {}):
            known = [key for key in STEPS[name].model_fields if key != "step"]
            raise PresetError(
                f"{document.key_locations[(*path, name, 'step')]}: {format_path((*path, name))}: unknown key 'step'"
                f"{did_you_mean('step', known)}"
            )
        canonical.append({"step": name, **(settings or {})})
    return values


def _explain(error: ErrorDetails, document: Document) -> tuple[Location, str]:
    """Return the location and the message of a validation error."""
    kind, found = error["type"], error["input"]
    *around, last = error["loc"] or ("",)
    path: Path = ()
    for key in around:  # Some keys are the validator's own, naming one of several allowed forms.
        path = (*path, key) if (*path, key) in document.locations else path
    if kind == "extra_forbidden":
        where = f"{format_path(path)}: " if path else ""
        return document.key_locations[
            (*path, last)
        ], f"{where}unknown key {last!r}{did_you_mean(str(last), _known(path))}"
    if kind == "missing" and isinstance(last, str):
        return document.location(path), f"{format_path((*path, last))}: is required, but missing"
    path = (*path, last) if (*path, last) in document.locations else path
    where, context, hint = format_path(path or (last,)), error.get("ctx", {}), ""
    if kind == "value_error":
        reason = error["msg"].removeprefix("Value error, ")
        setting, _, rest = reason.partition(": ")
        if (*path, setting) in document.locations:
            return document.location((*path, setting)), f"{format_path((*path, setting))}: {rest}"
        return document.location(path), f"{where}: {rest if path and setting == path[-1] else reason}"
    if kind == "missing":
        return document.location(path), f"{where}: has too few items, found {short(document.at(path))}"
    if kind == "too_long":
        limit, count = context["max_length"], context["actual_length"]
        return document.location(path), f"{where}: must have at most {limit} items, found {count}"
    message = _WORDING.get(kind) or re.sub("^(Input|String) should ", "must ", error["msg"])
    if kind == "literal_error" and isinstance(found, str):
        near = difflib.get_close_matches(found, re.findall("'(.*?)'", context["expected"]), n=1, cutoff=0.6)
        hint = f"; did you mean {near[0]!r}?" if near else ""
    if isinstance(found, str) and kind.startswith("bool") and found.lower() in _YAML_11:
        hint = f"; {found!r} is text in YAML 1.2, write {_YAML_11[found.lower()]}"
    elif isinstance(found, str) and re.fullmatch(r"\d+(:\d+)+", found):
        hint = f"; {found!r} is text in YAML 1.2, not a number"
    return document.location(path), f"{where}: {message}, found {short(found)}{hint}"


def _known(around: Path) -> list[str]:
    """Return the allowed keys of the mapping at a path."""
    if not around:
        return _TOP_LEVEL
    if around[0] == "steps":
        return [key for key in STEPS[str(around[2])].model_fields if key != "step"]
    return list(Preset.model_fields[str(around[0])].annotation.model_fields)  # type: ignore[union-attr]
