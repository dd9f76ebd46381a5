"""The cache on disk: never a wrong function, never a failure, with any content in its folder."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from livefilter.compiler import cache_folder, cached_files, clear_cache

pytestmark = pytest.mark.jit
ROOT = Path(__file__).resolve().parents[2]
needs_ranks = pytest.mark.skipif(not hasattr(os, "getuid"), reason="needs users and modes")

PROGRAM = """
    import sys
    import numpy as np
    from livefilter.compiler.native import load_or_compile
    source = "def answer(call):\\n    out = argument(call, 0, 'int64[::1]')\\n    out[0] = " + sys.argv[1] + "\\n"
    out = np.zeros(1, np.int64)
    load_or_compile(source, "answer")([out]).run()
    print(int(out[0] == int(sys.argv[1])))
"""
"""Compiles a function of two lines, which takes a tenth of the time of a kernel."""
CORRELATE = """
    import sys
    import numpy as np
    from livefilter.kernels import Kernel, reference
    from livefilter import correlate
    image = np.random.default_rng(0).integers(0, 256, (9, 11), dtype=np.uint8)
    kernel = Kernel([[1, int(sys.argv[1])], [-2, 3]])
    print(int((correlate(image, kernel) == reference.correlate(image, kernel)).all()))
"""


def start(folder: Path, argument: int | str = 5, before: str = "", program: str = PROGRAM) -> subprocess.Popen[str]:
    """Start a process that uses a function of a cache folder and says whether its result is right."""
    environment = {**os.environ, "LIVEFILTER_CACHE_DIR": str(folder), "PYTHONPATH": str(ROOT)}
    environment.pop("NUMBA_CACHE_DIR", None)
    return subprocess.Popen(
        [sys.executable, "-c", before + textwrap.dedent(program), str(argument)],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def run(folder: Path, argument: int | str = 5, before: str = "", program: str = PROGRAM) -> str:
    """Run it to its end; return what it said on standard error."""
    process = start(folder, argument, before, program)
    out, err = process.communicate(timeout=100)
    assert (process.returncode, out.strip()) == (0, "1"), err
    return err


def machine_code(folder: Path) -> dict[str, float]:
    """Return the files and when each was written."""
    return {path.name: path.stat().st_mtime_ns for path in folder.rglob("*.o")}


@pytest.fixture(scope="module")
def filled_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache folder with the program's one function."""
    folder = tmp_path_factory.mktemp("filled") / "cache"
    run(folder)
    return folder


@pytest.fixture
def filled(filled_once: Path, tmp_path: Path) -> Path:
    """A copy of that folder, so that tests need not compile what they are not about."""
    return shutil.copytree(filled_once, tmp_path / "cache")


def test_a_second_process_loads_what_the_first_compiled(tmp_path: Path) -> None:
    """Nothing is compiled again, and the folder is for its owner only."""
    run(tmp_path / "cache")
    first = machine_code(tmp_path / "cache")
    run(tmp_path / "cache")
    assert machine_code(tmp_path / "cache") == first
    assert len(first) == 1
    if hasattr(os, "getuid"):
        assert (tmp_path / "cache").stat().st_mode & 0o777 == 0o700


def test_kernels_that_differ_in_one_weight_never_share_code(tmp_path: Path) -> None:
    """Fresh processes over a warm cache, to and fro."""
    for weight in (5, 6, 5, 6):
        run(tmp_path / "cache", weight, program=CORRELATE)
    assert len(machine_code(tmp_path / "cache")) == 2


def test_a_preset_that_changed_on_disk_gets_new_code(tmp_path: Path) -> None:
    """Even where the file's time and size are what they were."""
    program = """
        import sys
        import numpy as np
        from livefilter import Filter
        from livefilter.kernels import reference
        image = np.random.default_rng(0).integers(0, 256, (9, 11), dtype=np.uint8)
        filter_ = Filter(sys.argv[1])
        print(int((filter_(image).image == reference.apply_all(filter_.preset.operations, image)).all()))
    """
    path = tmp_path / "mine.yaml"
    for weight in (3, 5, 3):
        path.write_text(f"steps:\n  - kernel: {{weights: [[1, {weight}]]}}\n", encoding="utf-8")
        os.utime(path, (1e9, 1e9))
        run(tmp_path / "cache", str(path), program=program)
    assert len(machine_code(tmp_path / "cache")) == 2


def test_eight_processes_start_on_one_empty_folder(tmp_path: Path) -> None:
    """All of them are right, and they leave one entry."""
    processes = [start(tmp_path / "cache") for _ in range(8)]
    for process in processes:
        out, err = process.communicate(timeout=110)
        assert (process.returncode, out.strip()) == (0, "1"), err
    assert len(machine_code(tmp_path / "cache")) == 1


@pytest.mark.parametrize("damage", ["empty", "garbage", "half", "one bit", "another function"])
def test_garbage_in_the_cache_is_compiled_again(filled: Path, damage: str) -> None:
    """A file that is not what was written to it is replaced, without a word, and is good from then on."""
    folder = filled
    (path,) = folder.glob("*.o")
    good = path.read_bytes()
    path.write_bytes(
        {
            "empty": b"",
            "garbage": b"\x7fELF" + b"\xff" * 4000,
            "half": good[: len(good) // 2],
            "one bit": good[:-100] + bytes([good[-100] ^ 1]) + good[-99:],
            "another function": good.replace(b"\n", b"\nx", 1),
        }[damage]
    )
    assert run(folder) == ""
    repaired = machine_code(folder)
    assert run(folder) == ""
    assert machine_code(folder) == repaired
    assert path.read_bytes().split(b"\n")[0] != b""


def test_an_entry_that_cannot_be_read_costs_one_warning(filled: Path) -> None:
    """The filter works from memory."""
    (path,) = filled.glob("*.o")
    path.unlink()
    path.mkdir()
    assert run(filled).count("cannot cache compiled filters") == 1


def test_a_file_where_the_folder_should_be_costs_one_warning(tmp_path: Path) -> None:
    """The filter works from memory."""
    (tmp_path / "cache").write_text("in the way")
    err = run(tmp_path / "cache")
    assert err.count("cannot cache compiled filters") == 1
    assert "LIVEFILTER_CACHE_DIR" in err


@needs_ranks
def test_a_read_only_folder_costs_one_warning(tmp_path: Path) -> None:
    """The filter works from memory."""
    (tmp_path / "cache").mkdir(mode=0o500)
    # Root may write anywhere, so the program pretends that it may not.
    before = "import os; os.access = lambda *where, **how: False\n" if os.getuid() == 0 else ""
    assert run(tmp_path / "cache", before=before).count("cannot cache compiled filters") == 1


@needs_ranks
def test_a_folder_that_others_can_write_is_not_trusted(tmp_path: Path) -> None:
    """Its content would be executed."""
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache").chmod(0o777)
    assert "can be written by other users" in run(tmp_path / "cache")
    assert list((tmp_path / "cache").iterdir()) == []


@needs_ranks
def test_a_folder_of_another_user_is_not_trusted(tmp_path: Path) -> None:
    """It is neither read nor written."""
    before = "import os; os.getuid = lambda: 12345\n"
    assert "belongs to another user" in run(tmp_path / "cache", before=before)


@pytest.mark.skipif(sys.platform == "win32", reason="needs resource limits")
def test_a_full_disk_costs_one_warning(tmp_path: Path) -> None:
    """Files that cannot be written to their end are not left behind as good ones."""
    limit = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (300, 300))\n"
    assert run(tmp_path / "cache", before=limit).count("cannot cache compiled filters") == 1
    assert run(tmp_path / "cache") == ""


def test_the_folder_is_named_by_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """LIVEFILTER_CACHE_DIR, else a folder in NUMBA_CACHE_DIR, else the user's cache folder."""
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / "numba"))
    assert cache_folder() == tmp_path / "numba" / "livefilter"
    monkeypatch.setenv("LIVEFILTER_CACHE_DIR", str(tmp_path / "own"))
    assert cache_folder() == tmp_path / "own"
    monkeypatch.delenv("LIVEFILTER_CACHE_DIR")
    monkeypatch.delenv("NUMBA_CACHE_DIR")
    assert cache_folder().name == "livefilter"


def test_clearing_the_cache_leaves_nothing_of_it(monkeypatch: pytest.MonkeyPatch, filled: Path) -> None:
    """Only livefilter's own files are deleted."""
    (filled / "notes.txt").write_text("mine")
    monkeypatch.setenv("LIVEFILTER_CACHE_DIR", str(filled))
    assert len(cached_files()) == 1
    assert clear_cache() == 1
    assert cached_files() == []
    assert (filled / "notes.txt").exists()
