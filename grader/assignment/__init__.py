"""The spec of an assignment, and reading it."""

SPEC = "assignment.yaml"
