"""Cameras, through OpenCV, and what the system knows of them.

Begin with ``_reader``; ``_devices`` lists cameras and says why one does not open.
"""
