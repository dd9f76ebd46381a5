"""How strong a preset is: its main parameter, turned up and down by notches."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from livefilter.presets._preset import Preset
from livefilter.presets._steps import STEPS, StepSettings

_NOTCH = 1.25
"""From one notch to the next, a parameter grows by this factor; whole numbers by 1 at least."""


@dataclass(frozen=True, slots=True)
class _Parameter:
    """The setting that makes a step stronger, and how far it goes; ``is_inverse`` if the step weakens as it grows."""

    setting: str
    least: float
    most: float
    is_inverse: bool = False


_MAIN: dict[str, tuple[_Parameter, ...]] = {
    "gradient": (_Parameter("gain", 0.05, 100),),
    "laplacian": (_Parameter("gain", 0.05, 100),),
    "kernel": (_Parameter("divisor", 0.001, 100_000, is_inverse=True),),
    "unsharp": (_Parameter("amount", 0.05, 20),),
    "threshold": (_Parameter("level", 1, 254),),
    "box": (_Parameter("size", 1, 63),),
    "gaussian": (_Parameter("sigma", 0.3, 10.3), _Parameter("size", 1, 63)),
    "posterize": (_Parameter("levels", 2, 256),),
    "blend": (_Parameter("weight", 0.05, 1),),
    "tone": (_Parameter("gain", 0.05, 100),),
}
"""Kinds of steps, the most telling first: a preset's main parameter is that of the first kind that it has."""


@dataclass(frozen=True, slots=True)
class Strength:
    """A preset with its main parameter turned by some notches.

    Attributes:
        preset: The preset as it is then; its name stays.
        parameter: What was turned, such as "gaussian sigma".
        value: The parameter's value, for people, such as "3.75".
    """

    preset: Preset
    parameter: str
    value: str


def adjust_strength(preset: Preset, notches: int) -> Strength | None:
    """Turn the main parameter of a preset up, or down for negative ``notches``; None if the preset has none.

    The main parameter is a setting of the most telling kind of step: the gain of a gradient or Laplacian, the divisor
    of a kernel whose weights add up to 0, the amount of an unsharp mask, the level of a threshold, the size of a box,
    the sigma of a Gaussian, and so on. All steps of that kind are turned together. A notch is a quarter; values stay
    within what the step allows.

    Example:
        >>> from livefilter.presets import load_preset
        >>> adjust_strength(load_preset("blur"), 1).value
        '3.75'
    """
    for kind, parameters in _MAIN.items():
        turned = {
            at: parameter
            for at, step in enumerate(preset.steps)
            if step.step == kind and (parameter := _parameter(step, parameters)) is not None
        }
        if turned:
            steps = tuple(
                _turned(step, turned[at], notches) if at in turned else step for at, step in enumerate(preset.steps)
            )
            at, parameter = next(iter(turned.items()))
            value = getattr(steps[at], parameter.setting)
            return Strength(
                preset.model_copy(update={"steps": steps}), f"{kind} {parameter.setting}", _for_people(value)
            )
    return None


def _parameter(step: StepSettings, parameters: tuple[_Parameter, ...]) -> _Parameter | None:
    """Return which of a kind's parameters this step has."""
    weights = getattr(step, "weights", None)
    if weights is not None and sum(map(sum, weights)) != 0:
        return None  # Its divisor would not make it stronger but the picture brighter.
    return next((one for one in parameters if getattr(step, one.setting) is not None), None)


def _turned(step: StepSettings, parameter: _Parameter, notches: int) -> Any:
    value = getattr(step, parameter.setting)
    notches = -notches if parameter.is_inverse else notches
    scaled = [_scaled(side, parameter, notches) for side in (value if isinstance(value, tuple) else (value,))]
    settings = step.model_dump() | {parameter.setting: tuple(scaled) if isinstance(value, tuple) else scaled[0]}
    return STEPS[step.step].model_validate(settings)


def _scaled(value: float, parameter: _Parameter, notches: int) -> float:
    sign = -1 if value < 0 else 1
    size = abs(value) * _NOTCH**notches
    if isinstance(value, int) and not parameter.is_inverse:
        grown = max(round(size), value + notches) if notches > 0 else min(round(size), value + notches)
        if parameter.setting == "size" and grown % 2 != value % 2:
            grown += 1 if notches > 0 else -1  # An odd side stays odd, so that the picture does not move.
        return min(max(grown, int(parameter.least)), int(parameter.most)) if notches else value
    return sign * min(max(size, parameter.least), parameter.most) if notches else value


def _for_people(value: Any) -> str:
    return "x".join(f"{side:.3g}" for side in (value if isinstance(value, tuple) else (value,)))
