"""Assignments of other graders, made into those of this one."""
