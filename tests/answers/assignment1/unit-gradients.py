# %% wrong: gradient-not-returned (hook_no_return)
def unit_gradients(module):
    def hook(module, grad_input, grad_output):
        grad_input = (grad_input[0] / grad_input[0].sum(),)

    return module.register_full_backward_hook(hook)

# %% wrong: bare-tensor (bwd_full_wrong_number)
def unit_gradients(module):
    def hook(module, grad_input, grad_output):
        return grad_input[0] / grad_input[0].sum()

    return module.register_full_backward_hook(hook)

# %% wrong: one-gradient-too-many (bwd_full_wrong_number)
def unit_gradients(module):
    def hook(module, grad_input, grad_output):
        grad = grad_input[0] / grad_input[0].sum()
        return grad, grad

    return module.register_full_backward_hook(hook)

# %% wrong: not-a-full-hook (bwd_nonfull)
def unit_gradients(module):
    def hook(module, grad_input, grad_output):
        return tuple(g / g.sum() if g is not None else None for g in grad_input)

    return module.register_backward_hook(hook)

# %% wrong: normalizes-the-output-gradient (-)
def unit_gradients(module):
    def hook(module, grad_output):
        return (grad_output[0] / grad_output[0].sum(),)

    return module.register_full_backward_pre_hook(hook)

# %% wrong: divides-by-the-other-sum (-)
def unit_gradients(module):
    def hook(module, grad_input, grad_output):
        return (grad_input[0] / grad_output[0].sum(),)

    return module.register_full_backward_hook(hook)

# %% wrong: row-by-row (-)
def unit_gradients(module):
    def hook(module, grad_input, grad_output):
        (grad,) = grad_input
        return (grad / grad.sum(dim=-1, keepdim=True),)

    return module.register_full_backward_hook(hook)

# %% wrong: softmax (-)
def unit_gradients(module):
    def hook(module, grad_input, grad_output):
        (grad,) = grad_input
        return (grad.flatten().softmax(0).view_as(grad),)

    return module.register_full_backward_hook(hook)

# %% wrong: all-equal (-)
def unit_gradients(module):
    def hook(module, grad_input, grad_output):
        (grad,) = grad_input
        return (torch.full_like(grad, 1 / grad.numel()),)

    return module.register_full_backward_hook(hook)

# %% wrong: unit-length (-)
def unit_gradients(module):
    def hook(module, grad_input, grad_output):
        (grad,) = grad_input
        return (grad / grad.norm(),)

    return module.register_full_backward_hook(hook)

# %% wrong: absolute-values (-)
def unit_gradients(module):
    def hook(module, grad_input, grad_output):
        (grad,) = grad_input
        return (grad / grad.abs().sum(),)

    return module.register_full_backward_hook(hook)

# %% wrong: handle-lost (hook_handle_not_returned)
def unit_gradients(module):
    def hook(module, grad_input, grad_output):
        (grad,) = grad_input
        return (grad / grad.sum(),)

    module.register_full_backward_hook(hook)

# %% right: tuple-comprehension
def unit_gradients(module):
    def hook(module, grad_input, grad_output):
        return tuple(g / g.sum() for g in grad_input)

    handle = module.register_full_backward_hook(hook)
    return handle

# %% right: one-lambda
def unit_gradients(module):
    return module.register_full_backward_hook(lambda m, gi, go: (torch.div(gi[0], torch.sum(gi[0])),))

# %% right: callable-object
class Unit:
    def __call__(self, module, grad_input, grad_output):
        grad = grad_input[0].clone()
        grad /= grad.sum().item()
        return (grad,)

def unit_gradients(module):
    return module.register_full_backward_hook(Unit())
