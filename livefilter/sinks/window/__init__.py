"""The preview window and what it asks the display.

Begin with ``_sink``.
"""
