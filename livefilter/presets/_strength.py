"""Strength of a preset: its main parameter, adjusted up and down in increments."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from livefilter.presets._preset import Preset
from livefilter.presets._steps import STEPS, StepSettings

_INCREMENT_FACTOR = 1.25
"""Factor of one increment; whole numbers change by at least 1."""


@dataclass(frozen=True, slots=True)
class _Parameter:
    """The setting that makes a step stronger, and its limits; ``is_inverse`` if larger values weaken the step."""

    setting: str
    minimum: float
    maximum: float
    is_inverse: bool = False


_MAIN_PARAMETERS: dict[str, tuple[_Parameter, ...]] = {
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
"""Kinds of steps by priority: a preset's main parameter is that of the first kind that it has."""


@dataclass(frozen=True, slots=True)
class Strength:
    """A preset with an adjusted main parameter.

    Attributes:
        preset: The adjusted preset; its name is unchanged.
        parameter: The adjusted parameter, such as "gaussian sigma".
        value: Its new value as text, such as "3.75".
    """

    preset: Preset
    parameter: str
    value: str


def adjust_strength(preset: Preset, increments: int) -> Strength | None:
    """Adjust the main parameter of a preset, up or for negative ``increments`` down; None if the preset has none.

    The main parameter is a setting of the step with the highest priority: the gain of a gradient or Laplacian, the
    divisor of a kernel whose weights add up to 0, the amount of an unsharp mask, the level of a threshold, the size of
    a box, the sigma of a Gaussian, and so on. It changes in all steps of that kind. One increment is a factor of
    1.25; values stay within the limits of the setting.

    Example:
        >>> from livefilter.presets import load_preset
        >>> adjust_strength(load_preset("blur"), 1).value
        '3.75'
    """
    for kind, parameters in _MAIN_PARAMETERS.items():
        parameters_by_step = {
            at: parameter
            for at, step in enumerate(preset.steps)
            if step.step == kind and (parameter := _parameter(step, parameters)) is not None
        }
        if parameters_by_step:
            steps = tuple(
                _adjusted(step, parameters_by_step[at], increments) if at in parameters_by_step else step
                for at, step in enumerate(preset.steps)
            )
            at, parameter = next(iter(parameters_by_step.items()))
            value = getattr(steps[at], parameter.setting)
            return Strength(
                preset.model_copy(update={"steps": steps}), f"{kind} {parameter.setting}", _format_value(value)
            )
    return None


def _parameter(step: StepSettings, parameters: tuple[_Parameter, ...]) -> _Parameter | None:
    """Return the parameter that this step has, out of those of its kind."""
    weights = getattr(step, "weights", None)
    if weights is not None and sum(map(sum, weights)) != 0:
        return None  # Its divisor changes the brightness, not the strength.
    return next((parameter for parameter in parameters if getattr(step, parameter.setting) is not None), None)


def _adjusted(step: StepSettings, parameter: _Parameter, increments: int) -> Any:
    value = getattr(step, parameter.setting)
    increments = -increments if parameter.is_inverse else increments
    scaled = [_scaled(side, parameter, increments) for side in (value if isinstance(value, tuple) else (value,))]
    settings = step.model_dump() | {parameter.setting: tuple(scaled) if isinstance(value, tuple) else scaled[0]}
    return STEPS[step.step].model_validate(settings)


def _scaled(value: float, parameter: _Parameter, increments: int) -> float:
    sign = -1 if value < 0 else 1
    size = abs(value) * _INCREMENT_FACTOR**increments
    if isinstance(value, int) and not parameter.is_inverse:
        grown = max(round(size), value + increments) if increments > 0 else min(round(size), value + increments)
        if parameter.setting == "size" and grown % 2 != value % 2:
            grown += 1 if increments > 0 else -1  # An odd side stays odd, so that the image does not shift.
        return min(max(grown, int(parameter.minimum)), int(parameter.maximum)) if increments else value
    return sign * min(max(size, parameter.minimum), parameter.maximum) if increments else value


def _format_value(value: Any) -> str:
    return "x".join(f"{side:.3g}" for side in (value if isinstance(value, tuple) else (value,)))
