"""The gate and the workflow of GitHub Actions name commands, Pythons and tests that exist."""

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


def test_the_gate_names_tests_that_exist() -> None:
    """A renamed test file must not drop out of a stage, or end it with a usage error."""
    named = re.findall(r"tests/[\w/{},]+\.py", (ROOT / ".ci" / "run").read_text(encoding="utf-8"))
    expanded = [path for pattern in named for path in with_braces_expanded(pattern)]
    assert len(expanded) >= 10
    assert [path for path in expanded if not (ROOT / path).is_file()] == []


def with_braces_expanded(pattern: str) -> list[str]:
    """Return the paths that a shell makes of a pattern with at most one pair of braces."""
    before, brace, rest = pattern.partition("{")
    if not brace:
        return [pattern]
    choices, _, after = rest.partition("}")
    return [f"{before}{choice}{after}" for choice in choices.split(",")]
