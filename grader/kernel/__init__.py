"""`%load_ext grader`: grading from a notebook.

In the kernel runs what is light: `magics`, `opened`, `companion`. All else runs in a process beside it
(`beside`), which nothing that the student's cells did to the kernel can reach.
"""
