"""The expression tree that conditions and formulas become, and what its values are."""
