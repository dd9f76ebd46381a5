"""Score tables (CSV, JSON Lines, Parquet) and their plot.

Begin with ``_table``.
"""
