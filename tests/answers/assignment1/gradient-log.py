# %% wrong: not-a-full-hook (bwd_nonfull)
def log_gradients(module, log):
    def record(module, grad_input, grad_output):
        log.append((grad_input[0].detach().clone(), grad_output[0].detach().clone()))

    return module.register_backward_hook(record)

# %% wrong: logs-the-tuples (hook_tuple_kept)
def log_gradients(module, log):
    def record(module, grad_input, grad_output):
        log.append((grad_input, grad_output))

    return module.register_full_backward_hook(record)

# %% wrong: detached-but-not-copied (shared_memory)
def log_gradients(module, log):
    def record(module, grad_input, grad_output):
        log.append((grad_input[0].detach(), grad_output[0].detach()))

    return module.register_full_backward_hook(record)

# %% wrong: output-first (hook_other_value)
def log_gradients(module, log):
    def record(module, grad_input, grad_output):
        log.append((grad_output[0].detach().clone(), grad_input[0].detach().clone()))

    return module.register_full_backward_hook(record)

# %% wrong: arguments-swapped (-)
def log_gradients(module, log):
    def record(module, grad_output, grad_input):
        log.append((grad_input[0].detach().clone(), grad_output[0].detach().clone()))

    return module.register_full_backward_hook(record)

# %% wrong: hook-takes-two-arguments (hook_wrong_arity)
def log_gradients(module, log):
    def record(grad_input, grad_output):
        log.append((grad_input[0].detach().clone(), grad_output[0].detach().clone()))

    return module.register_full_backward_hook(record)

# %% wrong: two-entries-instead-of-a-pair (-)
def log_gradients(module, log):
    def record(module, grad_input, grad_output):
        log.append(grad_input[0].detach().clone())
        log.append(grad_output[0].detach().clone())

    return module.register_full_backward_hook(record)

# %% wrong: gradient-replaced (-)
def log_gradients(module, log):
    def record(module, grad_input, grad_output):
        log.append((grad_input[0].detach().clone(), grad_output[0].detach().clone()))
        return (torch.ones_like(grad_input[0]),)

    return module.register_full_backward_hook(record)

# %% wrong: too-many-gradients-returned (bwd_full_wrong_number)
def log_gradients(module, log):
    def record(module, grad_input, grad_output):
        log.append((grad_input[0].detach().clone(), grad_output[0].detach().clone()))
        return grad_input + grad_output

    return module.register_full_backward_hook(record)

# %% wrong: handle-lost (hook_handle_not_returned)
def log_gradients(module, log):
    def record(module, grad_input, grad_output):
        log.append((grad_input[0].detach().clone(), grad_output[0].detach().clone()))

    module.register_full_backward_hook(record)

# %% wrong: forward-hook (hook_other_kind)
def log_gradients(module, log):
    def record(module, args, output):
        log.append((args[0].detach().clone(), output.detach().clone()))

    return module.register_forward_hook(record)

# %% wrong: gradient-of-the-weight (-)
def log_gradients(module, log):
    def record(module, grad_input, grad_output):
        weight = next(module.parameters())
        log.append((weight.grad.detach().clone(), grad_output[0].detach().clone()))

    return module.register_full_backward_hook(record)

# %% right: one-lambda
def log_gradients(module, log):
    return module.register_full_backward_hook(
        lambda m, gi, go: log.append((gi[0].clone().detach(), go[0].clone().detach()))
    )

# %% right: unpacked-and-returned
def log_gradients(module, log):
    def record(module, grad_input, grad_output):
        (inner,), (outer,) = grad_input, grad_output
        with torch.no_grad():
            log.append((inner.clone(), outer.clone()))
        return grad_input

    handle = module.register_full_backward_hook(record, prepend=True)
    return handle

# %% right: callable-object
class GradientLog:
    def __init__(self, log):
        self.log = log

    def __call__(self, module, grad_input, grad_output):
        pair = tuple(g[0].detach().clone() for g in (grad_input, grad_output))
        self.log += [pair]


def log_gradients(module, log):
    return module.register_full_backward_hook(GradientLog(log))
