"""How the compiler's tests run: interpreted, so that hundreds of programs cost no compiling, unless marked ``jit``."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from livefilter.compiler import _cache, _chain, _correlate, _luma


@pytest.fixture(autouse=True)
def _interpreted(request: pytest.FixtureRequest) -> Iterator[None]:
    """Run generated programs over NumPy arrays; tests marked ``jit`` run them as machine code."""
    with pytest.MonkeyPatch.context() as patch:
        if request.node.get_closest_marker("jit") is None:

            def plain(source: str, signature: str, name: str) -> Callable[..., Any]:
                return _cache.plain(source, name)

            patch.setattr(_chain, "compiled", plain)
            patch.setattr(_luma, "compiled", plain)
        _forget_programs()
        yield
        _forget_programs()


def _forget_programs() -> None:
    # correlate keeps compiled programs; those of one way to run are not to be met in the other.
    _correlate._correlation.cache_clear()
    _correlate._scoring.cache_clear()
    _luma._function.cache_clear()


@pytest.fixture
def _short_strips(monkeypatch: pytest.MonkeyPatch) -> None:
    """Split even tiny frames into as many strips as there are threads."""
    monkeypatch.setattr(_chain, "_STRIP_US", 1e-9)
