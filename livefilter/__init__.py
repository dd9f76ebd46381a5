"""Real-time webcam and video filters."""
