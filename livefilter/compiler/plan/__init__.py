"""How a preset is computed: passes, arithmetic, factorisation, value ranges. Pure Python without any source text.

Begin with ``_plan``: it turns steps into passes; ``_strategies`` chooses how each sum of products is evaluated.
"""
