"""The workflow of GitHub Actions runs README.md's commands on each Python that pyproject.toml names."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
WORKFLOW = (ROOT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8")


def test_the_workflow_runs_the_two_commands_of_the_readme() -> None:
    """The commands are the first two lines of README.md that begin with "pip install"."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert re.findall(r"run: (pip .*)", WORKFLOW) == re.findall(r"^pip install.*", readme, re.MULTILINE)[:2]


def test_the_workflow_tries_each_python_that_the_classifiers_name() -> None:
    """A version is declared where it is tried, and the other way round."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    named = re.findall(r"Python :: (3\.\d+)", " ".join(project["classifiers"]))
    (tried,) = re.findall(r"python: \[(.*)\]", WORKFLOW)
    assert re.findall(r"3\.\d+", tried) == named
