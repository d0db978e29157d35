# Raises what is hard to describe: a name that raises, a text that never ends, a cause of itself, a group of ten thousand.
# aims: stops
# limits: seconds: 0.5
# shows: "lost": {
# costs: noise, linear, sequential, postorder, fill
# %%
class Nameless(type):
    @property
    def __name__(cls):
        raise SystemExit


# %%
# exercise: noise
def noise(rows, columns, seed):
    raise Nameless("Fault", (BaseException,), {})()


# %%
# exercise: linear
class Endless(Exception):
    def __str__(self):
        while True:
            pass


raise Endless

# %%
# exercise: sequential
raise Nameless("Fault", (Exception,), {"__str__": lambda self: 5})

# %%
# exercise: postorder
def postorder(model):
    fault = ValueError("of itself")
    fault.__cause__ = fault.__context__ = fault
    fault.__notes__ = "x" * 10**7
    raise fault


# %%
# exercise: fill
def fill_linear(model, value):
    raise BaseExceptionGroup("group " * 10**6, [KeyboardInterrupt(number) for number in range(10_000)])
