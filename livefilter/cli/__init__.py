"""The command line: one file for each command, light imports, exit codes.

0    done
1    a bug
2    a usage, preset or kernel error
3    the input cannot be opened or read, or there is no display
4    the output cannot be written
5    done, but with a loss that is named
130  interrupted, with the output finished and playable
"""

from __future__ import annotations

from livefilter.cli._main import main

__all__ = ["main"]
