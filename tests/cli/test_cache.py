"""``livefilter cache`` tells where compiled presets are, fills the folder and empties it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from livefilter import Filter, list_presets
from livefilter.cli import run
from livefilter.compiler import release_compiled
from livefilter.compiler.native import forget_functions


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of this test's own."""
    monkeypatch.setenv("LIVEFILTER_CACHE_DIR", str(tmp_path / "cache"))
    return tmp_path / "cache"


def test_an_empty_cache_is_shown_and_not_made(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Looking does not write."""
    assert run(["cache"]) == 0
    assert capsys.readouterr().out == f"{folder}: 0 files, 0.0 MB\n"
    assert not folder.exists()


@pytest.mark.jit
def test_what_is_compiled_is_counted_and_cleared(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """--clear removes exactly the files that were counted."""
    # A process of its own: in this one the preset may be compiled already, and is then not written again.
    program = "from livefilter import Filter; Filter('blur').prepare().result()"
    subprocess.run([sys.executable, "-c", program], check=True, env=dict(os.environ), timeout=100)
    assert run(["cache", "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["folder"] == str(folder)
    assert facts["files"] > 0
    assert facts["bytes"] > 1000
    assert run(["cache", "--clear", "--json"]) == 0
    cleared = json.loads(capsys.readouterr().out)
    assert (cleared["removed"], cleared["files"], cleared["bytes"]) == (facts["files"], 0, 0)


@pytest.mark.jit
def test_warming_compiles_every_preset(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """--warm leaves code for each preset; a broken one of the user's own is named and does not stop the others."""
    own = Path(os.environ["XDG_CONFIG_HOME"]) / "livefilter" / "presets"
    own.mkdir(parents=True)
    (own / "mine.yaml").write_text("steps:\n  - box: {size: 0}\n", encoding="utf-8")
    for name in ("outline", "neon"):  # A few are enough here, and all of them would take long.
        assert name in list_presets()
    forget_functions()  # As in a new process.
    release_compiled()
    monkeypatch.setattr("livefilter.presets.list_presets", lambda: ["blur", "mine", "sobel-vertical"])
    assert run(["cache", "--warm", "--json"]) == 0
    printed = capsys.readouterr()
    facts = json.loads(printed.out)
    assert facts["warmed"] == ["blur", "sobel-vertical"]
    assert facts["files"] == 6  # Two presets, the luma, the scores of zones, and the thread hand-over's two loops.
    assert "mine.yaml:2:17" in printed.err


@pytest.mark.jit
def test_warming_compiles_under_python_o(folder: Path) -> None:
    """Python's -O drops assert statements; no work is done in one."""
    program = (
        "import livefilter.presets as presets; presets.list_presets = lambda: ['blur']; "
        "from livefilter.cli import run; raise SystemExit(run(['cache', '--warm', '--json']))"
    )
    done = subprocess.run([sys.executable, "-O", "-c", program], check=True, capture_output=True, timeout=100)
    facts = json.loads(done.stdout)
    assert facts["warmed"] == ["blur"]
    assert facts["files"] == 5  # The preset, the luma, the scores of zones, and what a caller and its helpers do.


def test_a_filter_that_is_prepared_is_ready() -> None:
    """prepare() gives a future; when it is done, the Filter is compiled."""
    prepared = Filter("sobel-vertical")
    prepared.prepare().result(timeout=100)
    assert prepared.is_ready
