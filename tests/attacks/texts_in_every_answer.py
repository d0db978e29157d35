# Forges exceptions and objects for every question, with a frame full of text in each field that is kept.
# aims: stops
# shows: too long
# %%
import sys

serve = sys.modules["grader.guest.serve"]
LONG = "too long " * 60_000
FRAME = {"cell": 1, "line": 10**3000, "function": LONG, "code": LONG}


def answer(student, sources, question, clock, handlers):
    number = question[0]["number"]
    made = {"tag": "answered", "number": number, "warned": [["too long", LONG[:90_000]]] * 10, "changed": False}
    raised = {"type": LONG, "bases": [LONG], "message": LONG, "frames": [FRAME] * (number % 3), "missing": LONG}
    told = {"value": {"object": LONG, "repr": LONG}} if number % 2 else {"raised": raised}
    return made | told, b""


print("too long")
serve.answer = answer
