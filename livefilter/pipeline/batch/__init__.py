"""Many inputs, one after the other or in parallel processes, and the manifest of what is finished.

Begin with ``_batch``.
"""
