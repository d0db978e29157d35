# Every probe brings back something of another shape than the judge asked for.
# aims: forges
# shows: lied
# %%
import sys

print("lied")
look = sys.modules["grader.guest.look"]
LIES = iter([5, None, "x" * 1000, [], {}, {"returned": 10**400}, {"bases": 5}, float("nan"), [[]], -1] * 50)
for name in ("call", "structure", "forward", "hook_counts", "copied", "changed"):
    setattr(look, name, lambda *args, **kwargs: next(LIES))


def anything(*args, **kwargs):
    return None


noise = make_chain = run = module_names = count_parameters = watch = plus_five = anything
log_gradients = scale_gradient = unit_gradients = postorder = fill_linear = add_gain = anything
MyLinear = Add = Tower = Router = Calculator = Mixed = RunningMean = Scale = anything
