"""How a preset is computed: passes, arithmetic, factorisation, intervals. Pure Python, without any source text.

Begin with ``_plan``, which turns operations into passes and stages; ``_strategies`` chooses how each weighted sum is
evaluated, and ``_halo`` says how borders are handled. ``_intervals`` proves which lane type is wide enough;
``_separable``, ``_magic_division`` and ``_lut`` find cheaper arithmetic that gives the same integers.
"""

from livefilter.compiler.plan._halo import MIN_IN_PLACE_COLUMNS, VECTOR_COLUMNS, Halo, HaloLayout
from livefilter.compiler.plan._intervals import BYTE, Integers, Interval, Lane, weighted_interval
from livefilter.compiler.plan._lut import AffineLut, StepLut, simplify_lut
from livefilter.compiler.plan._magic_division import DivisionPlan, plan_division
from livefilter.compiler.plan._plan import (
    Output,
    Pass,
    Plan,
    PointOp,
    Stage,
    WeightedSum,
    plan_chain,
    plan_correlation,
    plan_score,
)
from livefilter.compiler.plan._separable import factor_rank_one, rank
from livefilter.compiler.plan._strategies import (
    CoefficientTable,
    Direct,
    RunningBox,
    Separable,
    SumStrategy,
    Tap,
    choose_strategy,
    rows_read,
)

__all__ = [
    "BYTE",
    "MIN_IN_PLACE_COLUMNS",
    "VECTOR_COLUMNS",
    "AffineLut",
    "CoefficientTable",
    "Direct",
    "DivisionPlan",
    "Halo",
    "HaloLayout",
    "Integers",
    "Interval",
    "Lane",
    "Output",
    "Pass",
    "Plan",
    "PointOp",
    "RunningBox",
    "Separable",
    "Stage",
    "StepLut",
    "SumStrategy",
    "Tap",
    "WeightedSum",
    "choose_strategy",
    "factor_rank_one",
    "plan_chain",
    "plan_correlation",
    "plan_division",
    "plan_score",
    "rank",
    "rows_read",
    "simplify_lut",
    "weighted_interval",
]
