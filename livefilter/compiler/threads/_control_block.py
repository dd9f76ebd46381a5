"""What threads that share the strips of a frame tell one another: words of 64 bits, by their place on the board."""

from __future__ import annotations

CODE = 0
"""Address of the function that makes a strip."""
CALLS = 1
"""Address of the addresses of its arguments, one block of words for each thread, the caller's first."""
PLACE = 2
"""Where in such a block the words that tell the strip begin."""
LENGTH = 3
"""How many these are."""
STRIPS = 4
"""Address of these words, strip after strip."""
COUNT = 5
"""How many strips there are; 0 while the words above change."""
HELPERS = 6
"""How many helpers, the first ones, the caller lets in."""
IS_WAKING = 7
"""Whether the caller only opens the board, since it wakes helpers up before it works itself."""
OPEN = 8
"""How many of them may come in now."""
INSIDE = 9
"""How many are inside, or look whether they may be."""
LEFT_INSIDE = 10
"""How many still were when the caller stopped waiting for them; not 0 before it has."""
NEXT = 16
"""The first strip that nobody has taken; it changes most often, and lies on a cache line of its own."""
WORDS = 24
"""All of them, in whole cache lines."""
