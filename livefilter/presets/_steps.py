"""Steps of presets: their settings, limits and defaults, and the exact operation of each."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Annotated, Literal, get_args

from pydantic import (
    AfterValidator,
    AllowInfNan,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    Strict,
    Tag,
    model_validator,
)

from livefilter import kernels
from livefilter.errors import KernelError
from livefilter.kernels import Blend, Border, Correlation, Gradient, Kernel, Lookup, Norm, Operation, Operator, Unsharp


def _rows(value: object) -> object:
    if isinstance(value, list | tuple) and not all(isinstance(row, list | tuple) for row in value):
        raise ValueError("must be rows of numbers, such as [[0, 1], [1, 0]]; put a single row in brackets twice")
    return value


def _rectangle(rows: tuple[tuple[float, ...], ...]) -> tuple[tuple[float, ...], ...]:
    try:
        Kernel([[0] * len(row) for row in rows])
    except KernelError as error:
        raise ValueError(str(error).removeprefix("weights: ")) from error
    return rows


Number = Annotated[float, Strict(), AllowInfNan(False)]
Whole = Annotated[int, Strict()]
Flag = Annotated[bool, Strict()]
Weights = Annotated[
    tuple[tuple[Number, ...], ...],
    BeforeValidator(_rows),
    AfterValidator(_rectangle),
    Field(description="rows of numbers, equally long, 1x1 to 63x63"),
]
Sigma = Annotated[Number, Field(gt=0, le=100, description="standard deviation in pixels")]
Side = Annotated[Whole, Field(ge=1, le=kernels.MAX_SIDE)]
Sides = Annotated[
    Annotated[Side, Tag("side")] | Annotated[tuple[Side, Side], Tag("sides")],
    # Without it, the error of a wrong pair says that it is not a whole number.
    Discriminator(lambda value: "sides" if isinstance(value, list | tuple) else "side"),
]


class Settings(BaseModel):
    """Base of all settings: immutable, unknown keys are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class StepSettings(Settings):
    """Base of all steps. Creating one computes its operation, which checks the settings."""

    step: str

    def operation(self) -> Operation:
        """Return the exact operation of this step."""
        raise TypeError(f"{type(self).__name__} has no operation")  # pragma: no cover - every step defines its own

    @model_validator(mode="after")
    def _check(self) -> StepSettings:
        self.operation()
        return self


class BorderedSettings(StepSettings):
    """Base of the steps that use a neighbourhood of each pixel."""

    border: Border = Field("reflect_101", description="what lies outside the frame")


class KernelSettings(BorderedSettings):
    """Correlate with any matrix."""

    step: Literal["kernel"] = "kernel"
    weights: Weights
    divisor: Number = Field(1, description="divides the weighted sum")
    offset: Number = Field(0, description="gray levels added after the division")
    anchor: tuple[Whole, Whole] | None = Field(None, description="[row, col] of the weight on the output pixel")
    absolute: Flag = Field(False, description="take the absolute value, so that falling edges show too")

    def operation(self) -> Operation:
        kernel = Kernel(self.weights, divisor=self.divisor, offset=self.offset, anchor=self.anchor)
        return Correlation(kernel, self.border, self.absolute)


class GaussianSettings(BorderedSettings):
    """Blur by a Gaussian, from sigma, size, or both."""

    step: Literal["gaussian"] = "gaussian"
    sigma: Sigma | None = None
    size: Side | None = Field(None, description="odd number of rows and columns")

    def operation(self) -> Operation:
        return Correlation(kernels.gaussian(self.sigma, self.size), self.border)


class BoxSettings(BorderedSettings):
    """Mean over a rectangle."""

    step: Literal["box"] = "box"
    size: Sides = Field(description="rows and columns, or [rows, cols]")

    def operation(self) -> Operation:
        rows, cols = (self.size, self.size) if isinstance(self.size, int) else self.size
        return Correlation(kernels.box(rows, cols), self.border)


class UnsharpSettings(BorderedSettings):
    """Sharpen by adding the difference from a Gaussian blur."""

    step: Literal["unsharp"] = "unsharp"
    sigma: Sigma = 1.5
    amount: Number = Field(1.0, ge=0, le=20, description="how much of the difference is added")
    threshold: Whole = Field(0, ge=0, le=255, description="smaller differences stay, so that noise is not raised")

    def operation(self) -> Operation:
        return Unsharp(kernels.gaussian(self.sigma), _fraction(self.amount), self.threshold, self.border)


class GradientSettings(BorderedSettings):
    """Strength of edges in all directions, from two first derivatives."""

    step: Literal["gradient"] = "gradient"
    operator: Operator | None = Field(None, description="named pair of derivatives; sobel unless x and y are given")
    x: Weights | None = Field(None, description="own kernel for the derivative along the columns")
    y: Weights | None = Field(None, description="own kernel for the derivative down the rows")
    norm: Norm = Field("l1", description="l1 |x|+|y|, l2 the Euclidean length, max the larger one")
    gain: Number = Field(1.0, gt=0, le=100)

    def operation(self) -> Operation:
        if self.x is not None and self.y is not None and self.operator is None:
            pair = [Kernel(weights, divisor=1 / _fraction(self.gain)) for weights in (self.x, self.y)]
        elif self.x is None and self.y is None:
            derivatives = [kernels.derivative(self.operator or "sobel", axis) for axis in (1, 0)]
            pair = [
                Kernel(kernel.weights, name=kernel.name, divisor=1 / _fraction(self.gain)) for kernel in derivatives
            ]
        else:
            raise ValueError("give either operator, or both x and y")
        return Gradient(pair[0], pair[1], self.norm, self.border)


class LaplacianSettings(BorderedSettings):
    """Second derivative in all directions: thin lines on both sides of each edge."""

    step: Literal["laplacian"] = "laplacian"
    neighbours: Literal[4, 8] = 4
    gain: Number = Field(1.0, gt=0, le=100)
    absolute: Flag = True

    def operation(self) -> Operation:
        kernel = kernels.laplacian(self.neighbours)
        kernel = Kernel(kernel.weights, name=kernel.name, divisor=1 / _fraction(self.gain))
        return Correlation(kernel, self.border, self.absolute)


class _PointSettings(StepSettings):
    """Base of the steps that map each gray level to another, regardless of its neighbourhood."""

    def curve(self, value: int) -> float:
        """Return the new value of the gray level ``value``, before rounding and saturation."""
        raise TypeError(f"{type(self).__name__} has no curve")  # pragma: no cover - every point step defines its own

    def operation(self) -> Operation:
        return Lookup(bytes(min(255, max(0, round(self.curve(value)))) for value in range(256)))


class ToneSettings(_PointSettings):
    """Contrast (gain), brightness (offset), gamma and inversion, in this order."""

    step: Literal["tone"] = "tone"
    gain: Number = Field(1.0, ge=0, le=100)
    offset: Number = Field(0.0, ge=-1000, le=1000, description="gray levels added after the gain")
    gamma: Number = Field(1.0, gt=0, le=10, description="above 1 lifts the shadows, below 1 deepens them")
    invert: Flag = False

    def curve(self, value: int) -> float:
        linear = min(255.0, max(0.0, value * self.gain + self.offset))
        curved = 255 * math.pow(linear / 255, 1 / self.gamma) if self.gamma != 1 else linear
        return 255 - curved if self.invert else curved


class ThresholdSettings(_PointSettings):
    """Keep pixels brighter than a level, as white or unchanged; the others become black."""

    step: Literal["threshold"] = "threshold"
    level: Whole = Field(128, ge=0, le=255, description="pixels must be brighter than this")
    mode: Literal["binary", "to-zero"] = Field("binary", description="binary: white on black; to-zero: keep the pixel")

    def curve(self, value: int) -> float:
        return 0 if value <= self.level else 255 if self.mode == "binary" else value


class PosterizeSettings(_PointSettings):
    """Reduce to a few gray levels, evenly spaced from black to white."""

    step: Literal["posterize"] = "posterize"
    levels: Whole = Field(ge=2, le=256)

    def curve(self, value: int) -> float:
        return value * self.levels // 256 * 255 / (self.levels - 1)


class BlendSettings(StepSettings):
    """Mix the preset's input into the image."""

    step: Literal["blend"] = "blend"
    weight: Number = Field(ge=0, le=1, description="share of the input: 0 none of it, 1 nothing else")

    def operation(self) -> Operation:
        return Blend(_fraction(self.weight))


def _fraction(value: float) -> Fraction:
    return kernels.to_fraction(value)


Step = Annotated[
    KernelSettings
    | GaussianSettings
    | BoxSettings
    | UnsharpSettings
    | GradientSettings
    | LaplacianSettings
    | ToneSettings
    | ThresholdSettings
    | PosterizeSettings
    | BlendSettings,
    Field(discriminator="step"),
]

STEPS: dict[str, type[StepSettings]] = {
    model.model_fields["step"].default: model for model in get_args(get_args(Step)[0])
}
"""The settings of each step, by the step's name."""
