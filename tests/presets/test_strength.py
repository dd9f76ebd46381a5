"""The main parameter of a preset, adjusted by increments."""

from __future__ import annotations

import pytest

from livefilter.presets import STEPS, Preset, adjust_strength, list_presets, load_preset

CASES: list[tuple[dict[str, object], int, str]] = [
    ({"step": "gaussian", "sigma": 2.0}, 1, "2.5"),
    ({"step": "gaussian", "sigma": 2.0}, -1, "1.6"),
    ({"step": "gaussian", "size": 5}, 1, "7"),
    ({"step": "gaussian", "size": 5}, -9, "1"),
    ({"step": "gaussian", "sigma": 2.0}, 99, "10.3"),
    ({"step": "box", "size": (3, 21)}, 1, "5x27"),
    ({"step": "box", "size": 63}, 5, "63"),
    ({"step": "unsharp", "amount": 0.8}, 2, "1.25"),
    ({"step": "unsharp", "amount": 0}, 1, "0.05"),
    ({"step": "threshold", "level": 100}, -1, "80"),
    ({"step": "threshold", "level": 1}, 3, "4"),
    ({"step": "posterize", "levels": 2}, -3, "2"),
    ({"step": "gradient"}, 1, "1.25"),
    ({"step": "laplacian", "gain": 2}, -1, "1.6"),
    ({"step": "blend", "weight": 0.9}, 4, "1"),
    ({"step": "tone", "gain": 1.0}, 1, "1.25"),
    ({"step": "kernel", "weights": [[-1, 1]], "divisor": 4}, 1, "3.2"),
    ({"step": "kernel", "weights": [[-1, 1]], "divisor": -4}, -1, "-5"),
]


def preset(*steps: dict[str, object]) -> Preset:
    """A preset of these steps."""
    return Preset.model_validate({"name": "p", "steps": steps})


@pytest.mark.parametrize(("step", "increments", "value"), CASES)
def test_an_increment_is_a_quarter_and_stays_within_the_limits(
    step: dict[str, object], increments: int, value: str
) -> None:
    """Whole numbers move by 1 at least, odd sizes stay odd, a kernel grows stronger as its divisor shrinks."""
    adjusted = adjust_strength(preset(step), increments)
    assert adjusted is not None
    assert adjusted.value == value
    assert len(adjusted.preset.operations) == 1


def test_no_increment_changes_nothing() -> None:
    """Every shipped preset has a main parameter, and is itself at 0."""
    for name in list_presets():
        adjusted = adjust_strength(load_preset(name), 0)
        assert adjusted is not None, name
        assert adjusted.preset == load_preset(name)


def test_every_shipped_preset_can_be_adjusted_far_both_ways() -> None:
    """What comes out is a valid preset, and another one."""
    for name in list_presets():
        for increments in (-12, -1, 1, 12):
            adjusted = adjust_strength(load_preset(name), increments)
            assert adjusted is not None
            assert adjusted.preset.name == name
            assert Preset.model_validate(adjusted.preset.model_dump()) == adjusted.preset


def test_the_most_telling_kind_is_adjusted_and_all_of_it() -> None:
    """Of a blur, a gradient and a tone it is the gradient; of two boxes both."""
    steps = ({"step": "gaussian", "sigma": 1}, {"step": "tone", "gain": 2}, {"step": "gradient", "gain": 2})
    adjusted = adjust_strength(preset(*steps), 1)
    assert adjusted is not None
    assert adjusted.parameter == "gradient gain"
    assert [step.model_dump().get("gain") for step in adjusted.preset.steps] == [None, 2, 2.5]
    boxes = adjust_strength(preset({"step": "box", "size": 5}, {"step": "box", "size": 9}), 1)
    assert boxes is not None
    assert [step.model_dump()["size"] for step in boxes.preset.steps] == [7, 11]


def test_what_has_no_strength_has_no_main_parameter() -> None:
    """No step at all, or a kernel whose divisor would only change the brightness."""
    assert adjust_strength(preset(), 1) is None
    assert adjust_strength(preset({"step": "kernel", "weights": [[1, 2, 1]], "divisor": 4}), 1) is None


def test_every_kind_of_step_has_a_place() -> None:
    """A new step cannot be forgotten."""
    assert {step["step"] for step, _, _ in CASES} == set(STEPS)
