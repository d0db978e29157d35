# %% wrong: product-not-returned (hook_no_return)
def scale_gradient(parameter, factor):
    def hook(grad):
        grad = grad * factor

    return parameter.register_hook(hook)

# %% wrong: scales-the-value (-)
def scale_gradient(parameter, factor):
    parameter.data.mul_(factor)
    return parameter.register_hook(lambda grad: grad)

# %% wrong: scales-both (mutates_input)
def scale_gradient(parameter, factor):
    with torch.no_grad():
        parameter *= factor
    return parameter.register_hook(lambda grad: grad * factor)

# %% wrong: hook-takes-two-arguments (hook_wrong_arity)
def scale_gradient(parameter, factor):
    def hook(parameter, grad):
        return grad * factor

    return parameter.register_hook(hook)

# %% wrong: gradient-scaled-at-once (-)
def scale_gradient(parameter, factor):
    parameter.grad = parameter.grad * factor
    return parameter.register_hook(lambda grad: None)

# %% wrong: sum-scaled-again-each-time (-)
def scale_gradient(parameter, factor):
    def hook(parameter):
        parameter.grad = parameter.grad * factor

    return parameter.register_post_accumulate_grad_hook(hook)

# %% wrong: shared-gradient-changed-in-place (mutates_input)
def scale_gradient(parameter, factor):
    def hook(grad):
        grad *= factor
        return grad

    return parameter.register_hook(hook)

# %% wrong: handle-lost (hook_handle_not_returned)
def scale_gradient(parameter, factor):
    parameter.register_hook(lambda grad: grad * factor)

# %% wrong: divides (-)
def scale_gradient(parameter, factor):
    return parameter.register_hook(lambda grad: grad / factor)

# %% wrong: gradient-becomes-the-factor (-)
def scale_gradient(parameter, factor):
    return parameter.register_hook(lambda grad: torch.full_like(grad, factor))

# %% wrong: value-times-factor (-)
def scale_gradient(parameter, factor):
    return parameter.register_hook(lambda grad: parameter.detach() * factor)

# %% right: named-hook
def scale_gradient(parameter, factor):
    def hook(grad):
        return torch.mul(grad, factor)

    handle = parameter.register_hook(hook)
    return handle

# %% right: partial
from functools import partial

def scale_gradient(parameter, factor):
    return parameter.register_hook(partial(torch.mul, other=factor))

# %% right: clone-then-in-place
class Scaler:
    def __init__(self, factor):
        self.factor = factor

    def __call__(self, grad):
        scaled = grad.clone()
        scaled.mul_(self.factor)
        return scaled

def scale_gradient(parameter, factor):
    return parameter.register_hook(Scaler(factor))
