"""Weighted sums as short strings in generated source, such as ``1@0,0 2@0,1 1@0,2``: weight, row, column of each tap.

One call with such a string replaces dozens of additions. Numba spends about 2 ms on every call that it compiles, so
this keeps compile time and generated source short.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import NamedTuple

MAX_DISTINCT_WEIGHTS = 6
"""Up to this many distinct weights, pixels are added up per weight and then multiplied; more would spill registers."""


class Term(NamedTuple):
    """A weight, and the row (0 if there is only one) and column of the value that it multiplies."""

    weight: int
    row: int
    col: int


TermSum = tuple[Term, ...]
"""The terms of one sum."""


def encode_terms(sums: Iterable[Iterable[Term]]) -> str:
    """Return the string for one or more sums.

    Example:
        >>> encode_terms([[Term(1, 0, 0), Term(-2, 1, 3)], [Term(5, 0, 0)]])
        '1@0,0 -2@1,3; 5@0,0'
    """
    return "; ".join(" ".join(f"{weight}@{row},{col}" for weight, row, col in terms) for terms in sums)


@cache
def decode_terms(text: str) -> tuple[TermSum, ...]:
    """Return the sums that a string encodes.

    Example:
        >>> decode_terms("1@0,0 -2@1,3; 5@0,0")
        ((Term(weight=1, row=0, col=0), Term(weight=-2, row=1, col=3)), (Term(weight=5, row=0, col=0),))
    """
    return tuple(tuple(_decode_term(word) for word in terms.split()) for terms in text.split(";"))


def _decode_term(word: str) -> Term:
    weight, _, place = word.partition("@")
    row, _, col = place.partition(",")
    return Term(int(weight), int(row), int(col))


def distinct_weights(terms: TermSum) -> list[int]:
    """Return the absolute weights of a sum, each once: equal weights share one multiplication."""
    return sorted({abs(term.weight) for term in terms})
