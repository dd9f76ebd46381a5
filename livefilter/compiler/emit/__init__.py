"""From a plan to source text.

Begin with ``_pass``, which writes the function for one pass; the other modules each write one part of its body.
"""
