"""No test waits for ever, and none waits by sleeping."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
STARTS = ("run", "call", "check_call", "check_output")
"""Functions of ``subprocess`` that wait for the process."""
WAITS = ("wait", "join", "get", "acquire", "result", "communicate")
"""Methods of threads, events, queues, locks, futures and processes that wait."""


def unbounded_waits(source: str) -> Iterator[tuple[int, str]]:
    """Find what may wait for ever, or sleeps: line and reason.

    ``str.join`` and ``dict.get`` take an argument, and so look like a wait with a deadline.
    """
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.While(body=[ast.Pass()]):
                yield node.lineno, "spins; use wait_until"
            case ast.withitem(context_expr=ast.Call(func=ast.Attribute(attr="Popen"))):
                yield node.context_expr.lineno, "leaving a Popen waits without a deadline; use running"
            case ast.Call(func=ast.Attribute(value=ast.Name("time"), attr="sleep") | ast.Name("sleep")):
                yield node.lineno, "sleeps; wait for an event, or use wait_until"
            case ast.Call(func=ast.Attribute(value=ast.Name("subprocess"), attr=name)) if name in STARTS:
                if not _has_timeout(node):
                    yield node.lineno, f"subprocess.{name} without timeout"
            case ast.Call(func=ast.Attribute(attr=name)) if name in WAITS:
                has_deadline = _has_timeout(node) or (name != "communicate" and bool(node.args or node.keywords))
                if not has_deadline:
                    yield node.lineno, f"{name}() without a deadline"


def _has_timeout(call: ast.Call) -> bool:
    return any(keyword.arg == "timeout" for keyword in call.keywords)


@pytest.mark.parametrize("path", sorted(TESTS.rglob("*.py")), ids=lambda path: str(path.relative_to(TESTS)))
def test_every_wait_has_a_deadline(path: Path) -> None:
    """A test that hangs says where it waited, and one that passes does not depend on the speed of the machine."""
    found = list(unbounded_waits(path.read_text(encoding="utf-8")))
    assert not found, "\n".join(f"{path}:{line}: {reason}" for line, reason in found)


@pytest.mark.parametrize(
    "line",
    [
        "time.sleep(1)",
        "sleep(1)",
        "event.wait()",
        "thread.join()",
        "queue.get()",
        "lock.acquire()",
        "future.result()",
        "process.communicate(b'')",
        "subprocess.run(['true'], check=True)",
        "with subprocess.Popen(['true']) as process: process.poll()",
        "while not done(): pass",
    ],
)
def test_a_wait_without_a_deadline_is_found(line: str) -> None:
    """Each kind that has made a test hang, or fail on a busy machine."""
    assert [number for number, _ in unbounded_waits(f"import time\n{line}\n")] == [2]


@pytest.mark.parametrize(
    "line",
    [
        "event.wait(30)",
        "thread.join(timeout=30)",
        "queue.get(timeout=1)",
        "lock.acquire(blocking=False)",
        "process.communicate(timeout=30)",
        "subprocess.run(['true'], check=True, timeout=30)",
        "', '.join(names)",
        "table.get('key')",
        "wait_until(lambda: done())",
    ],
)
def test_a_wait_with_a_deadline_is_fine(line: str) -> None:
    """Nor is anything found where nothing waits."""
    assert not list(unbounded_waits(line))
