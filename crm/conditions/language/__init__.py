"""Lines and formulas read into a tree, with every problem in its place."""
