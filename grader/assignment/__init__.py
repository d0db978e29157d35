"""The spec of an assignment, and reading it."""

SPEC = "assignment.yaml"
AGAIN = "again"
"""The folder of a students' copy with those of other variants, as zips."""
