"""``livefilter explain``: the figure of a convolution, or the plan of a preset."""
