"""A document to a Preset: inheritance, validation, and one line for whoever wrote it wrong."""

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
from livefilter.presets._yaml import Document, Path, Place, read_document, short

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


def parse_preset(text: str, file: str, default_name: str, parent: Callable[[str, Place], Document]) -> Preset:
    """Return the preset in ``text``.

    Args:
        text: YAML.
        file: What messages call the file.
        default_name: Used where the text names none.
        parent: Gives the document that an ``extend`` names; the place is that of the name.

    Raises:
        PresetError: Anything wrong, in one line: file:line:column, key path, what is expected, what was found.
    """
    document = inherit(read_document(text, file), parent)
    document.values.setdefault("name", default_name)
    try:
        return Preset.model_validate(_canonical(document))
    except ValidationError as errors:
        found = [(error["type"] == "missing", *_explain(error, document)) for error in errors.errors()]
        # What is missing comes last, because a misspelt key is the likely reason, and tells more.
        _, place, message = min(found, key=lambda one: (one[0], one[1].file, one[1].line, one[1].column))
        more = len(found) - 1
        rest = f" (and {more} more error{'s' * (more > 1)})" if more else ""
        raise PresetError(f"{place}: {message}{rest}") from errors


def inherit(document: Document, parent: Callable[[str, Place], Document]) -> Document:
    """Merge ``document`` over the one that its ``extend`` names, and apply its ``override``.

    Mappings merge key by key, everything else (steps too) replaces. Places follow their values.
    """
    if "extend" not in document.values:
        if "override" in document.values:
            place = document.keys[("override",)]
            raise PresetError(f"{place}: override: changes inherited steps, so it needs an 'extend' beside it")
        return document
    name = document.values["extend"]
    if not isinstance(name, str):
        place = document.place(("extend",))
        raise PresetError(f"{place}: extend: must name a preset, or be its path, found {short(name)}")
    base = parent(name, document.place(("extend",)))
    base.values.pop("name", None)
    overrides = document.values.pop("override", {})
    document.values.pop("extend")
    _merge(base, document, ())
    if not isinstance(overrides, dict):
        place = document.place(("override",))
        raise PresetError(f"{place}: override: must be a mapping of steps, found {short(overrides)}")
    for target, settings in overrides.items():
        _override(base, document, target, settings)
    return base


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return what to add to a message about an unknown word: the nearest known one if there is one, and all of them."""
    words = list(known)
    near = difflib.get_close_matches(word, words, n=1, cutoff=0.6)
    return (f"; did you mean {near[0]!r}?" if near else ";") + f" known: {', '.join(words)}"


def _merge(base: Document, over: Document, path: Path) -> None:
    """Put what ``over`` has at ``path`` into ``base``."""
    ours, theirs = base.at(path), over.at(path)
    for key, value in theirs.items():
        here = (*path, key)
        if isinstance(value, dict) and isinstance(ours.get(key), dict):
            _merge(base, over, here)
            continue
        ours[key] = value
        for places, others in ((base.places, over.places), (base.keys, over.keys)):
            for old in [known for known in places if known[: len(here)] == here]:
                del places[old]
            places.update({known: place for known, place in others.items() if known[: len(here)] == here})


def _override(base: Document, over: Document, target: str, settings: Any) -> None:
    """Merge the settings that ``over`` gives for one inherited step into that step."""
    place = over.keys[("override", target)]
    name, _, number = target.partition(".")
    steps = base.values.get("steps")
    if not isinstance(steps, list):
        raise PresetError(f"{place}: override: there is no inherited step to change")
    named = [at for at, step in enumerate(steps) if isinstance(step, dict) and list(step) == [name]]
    if not named:
        there = dict.fromkeys(next(iter(step)) for step in steps if isinstance(step, dict) and step)
        raise PresetError(f"{place}: override: no inherited step {name!r}{did_you_mean(name, there)}")
    if number and not (number.isdecimal() and 1 <= int(number) <= len(named)):
        raise PresetError(f"{place}: override: {target!r} must count from {name}.1 to {name}.{len(named)}")
    if not isinstance(settings, dict):
        raise PresetError(f"{place}: override.{target}: must be a mapping of settings, found {short(settings)}")
    for at in [named[int(number) - 1]] if number else named:
        inherited: Path = ("steps", at, name)
        if not isinstance(base.at(inherited), dict):
            steps[at][name] = {}
        changed = Document({"steps": {at: {name: settings}}})
        prefix: Path = ("override", target)
        for places, others in ((changed.places, over.places), (changed.keys, over.keys)):
            places.update({inherited + at_[2:]: known for at_, known in others.items() if at_[:2] == prefix})
        _merge(base, changed, inherited)


def _canonical(document: Document) -> dict[str, Any]:
    """Return the values with each step as settings that name their step, which is what the model validates."""
    values = dict(document.values)
    steps = values.get("steps")
    if not isinstance(steps, list):
        return values
    values["steps"] = made = []
    for at, step in enumerate(steps):
        path: Path = ("steps", at)
        if not isinstance(step, dict) or len(step) != 1:
            found = f"{len(step)} keys {short(list(step))}" if isinstance(step, dict) else short(step)
            raise PresetError(
                f"{document.place(path)}: {_spell(path)}: a step is a mapping of one key, such as "
                f"'gaussian: {{sigma: 1}}', found {found}"
            )
        ((name, settings),) = step.items()
        if name not in STEPS:
            raise PresetError(
                f"{document.keys[(*path, name)]}: {_spell(path)}: unknown step {name!r}{did_you_mean(name, STEPS)}"
            )
        if not isinstance(settings, dict | None):
            raise PresetError(
                f"{document.place((*path, name))}: {_spell((*path, name))}: must be a mapping of settings, "
                f"found {short(settings)}"
            )
        if "step" in (settings or {}):
            known = [key for key in STEPS[name].model_fields if key != "step"]
            raise PresetError(
                f"{document.keys[(*path, name, 'step')]}: {_spell((*path, name))}: unknown key 'step'"
                f"{did_you_mean('step', known)}"
            )
        made.append({"step": name, **(settings or {})})
    return values


def _explain(error: ErrorDetails, document: Document) -> tuple[Place, str]:
    """Return where an error of the validator stands and what to tell about it."""
    kind, found = error["type"], error["input"]
    *around, last = error["loc"] or ("",)
    path: Path = ()
    for key in around:  # some keys are the validator's own, naming one of several allowed forms
        path = (*path, key) if (*path, key) in document.places else path
    if kind == "extra_forbidden":
        where = f"{_spell(path)}: " if path else ""
        return document.keys[(*path, last)], f"{where}unknown key {last!r}{did_you_mean(str(last), _known(path))}"
    if kind == "missing" and isinstance(last, str):
        return document.place(path), f"{_spell((*path, last))}: is needed, and missing"
    path = (*path, last) if (*path, last) in document.places else path
    where, context, hint = _spell(path or (last,)), error.get("ctx", {}), ""
    if kind == "value_error":
        reason = error["msg"].removeprefix("Value error, ")
        setting, _, rest = reason.partition(": ")
        if (*path, setting) in document.places:
            return document.place((*path, setting)), f"{_spell((*path, setting))}: {rest}"
        return document.place(path), f"{where}: {rest if path and setting == path[-1] else reason}"
    if kind == "missing":
        return document.place(path), f"{where}: has too few items, found {short(document.at(path))}"
    if kind == "too_long":
        most, count = context["max_length"], context["actual_length"]
        return document.place(path), f"{where}: must have at most {most} items, found {count}"
    message = _WORDING.get(kind) or re.sub("^(Input|String) should ", "must ", error["msg"])
    if kind == "literal_error" and isinstance(found, str):
        near = difflib.get_close_matches(found, re.findall("'(.*?)'", context["expected"]), n=1, cutoff=0.6)
        hint = f"; did you mean {near[0]!r}?" if near else ""
    if isinstance(found, str) and kind.startswith("bool") and found.lower() in _YAML_11:
        hint = f"; {found!r} is text in YAML 1.2, write {_YAML_11[found.lower()]}"
    elif isinstance(found, str) and re.fullmatch(r"\d+(:\d+)+", found):
        hint = f"; {found!r} is text in YAML 1.2, not a number"
    return document.place(path), f"{where}: {message}, found {short(found)}{hint}"


def _known(around: Path) -> list[str]:
    """Return the keys that are allowed in the mapping at a path."""
    if not around:
        return _TOP_LEVEL
    if around[0] == "steps":
        return [key for key in STEPS[str(around[2])].model_fields if key != "step"]
    return list(Preset.model_fields[str(around[0])].annotation.model_fields)  # type: ignore[union-attr]


def _spell(path: Path) -> str:
    """Return a path as people write it: steps[0].gaussian.sigma."""
    spelled = ""
    for key in path:
        spelled += f"[{key}]" if isinstance(key, int) else f".{key}" if spelled else key
    return spelled
