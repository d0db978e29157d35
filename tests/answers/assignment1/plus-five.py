# %% wrong: sum-not-returned (hook_no_return)
def plus_five(module):
    def hook(module, args, output):
        output = output + 5

    return module.register_forward_hook(hook)

# %% wrong: in-place (mutates_input)
def plus_five(module):
    def hook(module, args, output):
        output += 5
        return output

    return module.register_forward_hook(hook)

# %% wrong: in-place-without-return (mutates_input)
def plus_five(module):
    def hook(module, args, output):
        output.data.add_(5)

    return module.register_forward_hook(hook)

# %% wrong: hook-takes-two-arguments (hook_wrong_arity)
def plus_five(module):
    def hook(module, output):
        return output + 5

    return module.register_forward_hook(hook)

# %% wrong: adds-to-the-input (hook_other_kind)
def plus_five(module):
    def hook(module, args):
        return args[0] + 5

    return module.register_forward_pre_hook(hook)

# %% wrong: input-plus-five (-)
def plus_five(module):
    def hook(module, args, output):
        return args[0] + 5

    return module.register_forward_hook(hook)

# %% wrong: handle-lost (hook_handle_not_returned)
def plus_five(module):
    def hook(module, args, output):
        return output + 5

    module.register_forward_hook(hook)

# %% wrong: module-returned (hook_handle_not_returned)
def plus_five(module):
    module.register_forward_hook(lambda module, args, output: output + 5)
    return module

# %% wrong: registered-twice (hook_not_removed)
def plus_five(module):
    def hook(module, args, output):
        return output + 5

    module.register_forward_hook(hook)
    return module.register_forward_hook(hook)

# %% wrong: graph-cut (no_grad_graph)
def plus_five(module):
    def hook(module, args, output):
        return output.detach() + 5

    return module.register_forward_hook(hook)

# %% wrong: result-in-a-tuple (-)
def plus_five(module):
    def hook(module, args, output):
        return (output + 5,)

    return module.register_forward_hook(hook)

# %% right: one-lambda
def plus_five(module):
    return module.register_forward_hook(lambda m, i, o: o.add(5))

# %% right: callable-object
class Plus:
    def __init__(self, amount):
        self.amount = amount

    def __call__(self, module, args, output):
        return torch.add(output, self.amount)


def plus_five(module):
    handle = module.register_forward_hook(Plus(5))
    return handle

# %% right: clone-then-in-place
def plus_five(module):
    def hook(module, args, kwargs, output):
        output = output.clone()
        output += 5
        return output

    return module.register_forward_hook(hook, with_kwargs=True)
