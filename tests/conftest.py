"""What all tests stand on: hypothesis profiles, a clean home, and tools that may or may not be there."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import platformdirs
import pytest
from hypothesis import HealthCheck, settings

# A first call compiles, which takes longer than any sensible deadline.
settings.register_profile("dev", deadline=None, max_examples=50)
settings.register_profile("ci", deadline=None, max_examples=50, derandomize=True, print_blob=True)
settings.register_profile(
    "nojit", deadline=None, max_examples=10, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
if os.environ.get("NUMBA_DISABLE_JIT") == "1":
    settings.load_profile("nojit")
else:
    settings.load_profile("ci" if os.environ.get("CI") else "dev")

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session", autouse=True)
def _own_cache_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """One cache for the whole run, new and empty: nothing compiled earlier can make a test pass."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(autouse=True)
def _own_config_folder(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty configuration folder for each test, and for the processes that it starts."""
    folder = tmp_path_factory.mktemp("config")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(folder))
    monkeypatch.setattr(platformdirs, "user_config_path", lambda name, *_, **__: folder / name)


@pytest.fixture(scope="session")
def require() -> Callable[[object, str], None]:
    """Skip a test whose tool is not on this machine, or fail it where LIVEFILTER_REQUIRE_ALL=1 says that all are.

    Example::

        def test_a_window_opens(require):
            require(shutil.which("Xvfb"), "needs Xvfb")
    """

    def check(condition: object, reason: str) -> None:
        if condition:
            return
        if os.environ.get("LIVEFILTER_REQUIRE_ALL") == "1":
            pytest.fail(f"{reason} (LIVEFILTER_REQUIRE_ALL=1 allows no skips)")
        pytest.skip(reason)

    return check


@pytest.fixture(scope="session")
def footage() -> Path:
    """The folder of real footage beside the checkout; it is in no repository, so its absence only ever skips."""
    folder = Path(os.environ.get("LIVEFILTER_FOOTAGE", ROOT.parent / "shared" / "footage"))
    if not folder.is_dir():
        pytest.skip("no footage beside the checkout (LIVEFILTER_FOOTAGE names another folder)")
    return folder
