"""The live pipeline: newest frame in, outputs that never hold it up, presets that change while it runs.

Begin with ``_pipeline``; ``_filter_loop`` is what happens to each frame.
"""
