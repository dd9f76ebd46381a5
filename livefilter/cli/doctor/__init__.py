"""``livefilter doctor``: checks of this installation and this machine, with the fix of each problem.

`_command` prints what the checks of `_checks` return.
"""

from __future__ import annotations

from livefilter.cli.doctor._command import command

__all__ = ["command"]
