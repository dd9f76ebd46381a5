"""Weighted sums as short texts in generated code, such as ``1@0,0 2@0,1 1@0,2``: weight, row, column of each tap.

One call with a text stands for dozens of additions. Numba spends some 2 ms on every call that it compiles, so this is
what keeps compiling short, and generated code too.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

MOST_CLASSES = 6
"""Up to so many different weights are gathered before they are multiplied; more would not leave enough registers."""


class Term(NamedTuple):
    """A weight, and which row (or 0, where there is but one) and column it weighs."""

    weight: int
    row: int
    col: int


Part = tuple[Term, ...]
"""The terms of one sum."""


def written(parts: Iterable[Iterable[Term]]) -> str:
    """Return the text of some sums.

    Example:
        >>> written([[Term(1, 0, 0), Term(-2, 1, 3)], [Term(5, 0, 0)]])
        '1@0,0 -2@1,3; 5@0,0'
    """
    return "; ".join(" ".join(f"{weight}@{row},{col}" for weight, row, col in part) for part in parts)


def read(text: str) -> tuple[Part, ...]:
    """Return the sums that a text stands for.

    Example:
        >>> read("1@0,0 -2@1,3; 5@0,0")
        ((Term(weight=1, row=0, col=0), Term(weight=-2, row=1, col=3)), (Term(weight=5, row=0, col=0),))
    """
    return tuple(tuple(_term(word) for word in part.split()) for part in text.split(";"))


def _term(word: str) -> Term:
    weight, _, place = word.partition("@")
    row, _, col = place.partition(",")
    return Term(int(weight), int(row), int(col))


def classes(part: Part) -> list[int]:
    """Return the absolute weights of a sum, each once: equal weights need one product only."""
    return sorted({abs(term.weight) for term in part})
