"""Mutants: a solution's code with one mistake planted, each made by a small function."""
