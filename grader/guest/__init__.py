"""What runs on the untrusted side: the zygote, and the guests it forks.

Nothing here imports pydantic, pytest, a spec or a check: these modules are all
that a process beside student code ever loads of the grader.
"""
