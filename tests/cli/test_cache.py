"""``livefilter cache`` tells where compiled presets are, fills the folder and empties it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from livefilter import Filter, list_presets
from livefilter.cli import run
from livefilter.compiler import cache_folder, cached_files, release_compiled
from livefilter.compiler.native import forget_functions, load_or_compile


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
    forget_functions()  # One that is loaded already would not be written again.
    load_or_compile("def nothing(call):\n    pass\n", "nothing")
    assert run(["cache", "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["folder"] == str(folder)
    assert facts["files"] > 0
    assert facts["bytes"] > 100
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
    for name, weight in (("first", 1), ("second", 2)):  # The shipped ones would take long.
        (own / f"{name}.yaml").write_text(f"steps: [kernel: {{weights: [[{weight}]], offset: 1}}]\n", encoding="utf-8")
    assert set(list_presets()) > {"first", "mine", "second"}
    forget_functions()  # As in a new process.
    release_compiled()
    monkeypatch.setattr("livefilter.presets.list_presets", lambda: ["first", "mine", "second"])
    assert run(["cache", "--warm", "--json"]) == 0
    printed = capsys.readouterr()
    facts = json.loads(printed.out)
    assert facts["warmed"] == ["first", "second"]
    assert facts["files"] == 6  # Two presets, the luma, the scores of zones, and the thread hand-over's two loops.
    assert "mine.yaml:2:17" in printed.err


@pytest.mark.jit
def test_warming_compiles_under_python_o(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Python's -O drops assert statements; no work is done in one."""
    with monkeypatch.context() as patch:
        patch.delenv("LIVEFILTER_CACHE_DIR")
        shared = cache_folder()
    folder.mkdir(mode=0o700)
    for path in shared.glob("*.o"):  # Most likely with what every preset needs besides its own code.
        shutil.copy(path, folder)
    forget_functions()
    with monkeypatch.context() as patch:
        patch.setattr("livefilter.presets.list_presets", list)
        assert run(["cache", "--warm"]) == 0  # Certainly with it.
    before = len(cached_files())
    own = tmp_path / "own.yaml"
    own.write_text("steps: [kernel: {weights: [[3]], offset: 7}]\n", encoding="utf-8")
    program = (
        "import sys; import livefilter.presets as presets; presets.list_presets = lambda: sys.argv[1:]; "
        "from livefilter.cli import run; raise SystemExit(run(['cache', '--warm', '--json']))"
    )
    command = [sys.executable, "-O", "-c", program, str(own)]
    facts = json.loads(subprocess.run(command, check=True, capture_output=True, timeout=100).stdout)
    assert facts["warmed"] == [str(own)]
    assert facts["files"] == before + 1


def test_a_filter_that_is_prepared_is_ready() -> None:
    """prepare() gives a future; when it is done, the Filter is compiled."""
    prepared = Filter("sobel-vertical")
    prepared.prepare().result(timeout=100)
    assert prepared.is_ready
