# %% wrong: not-detached (graph_kept)
def watch(module, log):
    def before(module, args):
        log.append(("before", args[0]))

    def after(module, args, output):
        log.append(("after", output))

    return [module.register_forward_pre_hook(before), module.register_forward_hook(after)]

# %% wrong: detached-but-not-copied (shared_memory)
def watch(module, log):
    def before(module, args):
        log.append(("before", args[0].detach()))

    def after(module, args, output):
        log.append(("after", output.detach()))

    return [module.register_forward_pre_hook(before), module.register_forward_hook(after)]

# %% wrong: copied-but-not-detached (graph_kept)
def watch(module, log):
    def before(module, args):
        log.append(("before", args[0].clone()))

    def after(module, args, output):
        log.append(("after", output.clone()))

    return [module.register_forward_pre_hook(before), module.register_forward_hook(after)]

# %% wrong: logs-the-tuple (hook_tuple_kept)
def watch(module, log):
    def before(module, args):
        log.append(("before", tuple(a.detach().clone() for a in args)))

    def after(module, args, output):
        log.append(("after", output.detach().clone()))

    return [module.register_forward_pre_hook(before), module.register_forward_hook(after)]

# %% wrong: hook-takes-two-arguments (hook_wrong_arity)
def watch(module, log):
    def before(module, args):
        log.append(("before", args[0].detach().clone()))

    def after(module, output):
        log.append(("after", output.detach().clone()))

    return [module.register_forward_pre_hook(before), module.register_forward_hook(after)]

# %% wrong: both-in-one-hook (-)
def watch(module, log):
    def after(module, args, output):
        log.append(("before", args[0].detach().clone()))
        log.append(("after", output.detach().clone()))

    return [module.register_forward_hook(after)]

# %% wrong: handles-lost (hook_handle_not_returned)
def watch(module, log):
    def before(module, args):
        log.append(("before", args[0].detach().clone()))

    def after(module, args, output):
        log.append(("after", output.detach().clone()))

    module.register_forward_pre_hook(before)
    module.register_forward_hook(after)

# %% wrong: output-detached-for-everyone (-)
def watch(module, log):
    def before(module, args):
        log.append(("before", args[0].detach().clone()))

    def after(module, args, output):
        output = output.detach().clone()
        log.append(("after", output))
        return output

    return [module.register_forward_pre_hook(before), module.register_forward_hook(after)]

# %% wrong: input-logged-again-as-output (-)
def watch(module, log):
    def before(module, args):
        log.append(("before", args[0].detach().clone()))

    def after(module, args, output):
        log.append(("after", args[0].detach().clone()))

    return [module.register_forward_pre_hook(before), module.register_forward_hook(after)]

# %% wrong: log-replaced (-)
def watch(module, log):
    def before(module, args):
        log[:] = [("before", args[0].detach().clone())]

    def after(module, args, output):
        log.append(("after", output.detach().clone()))

    return [module.register_forward_pre_hook(before), module.register_forward_hook(after)]

# %% right: lambdas
def watch(module, log):
    first = module.register_forward_pre_hook(lambda m, args: log.append(("before", args[0].clone().detach())))
    second = module.register_forward_hook(lambda m, args, out: log.append(("after", out.clone().detach())))
    return [first, second]

# %% right: recorder-class
class Recorder:
    def __init__(self, log):
        self.log = log

    def keep(self, label, tensor):
        with torch.no_grad():
            self.log.append((label, tensor.clone()))

    def before(self, module, args):
        (x,) = args
        self.keep("before", x)

    def after(self, module, args, output):
        self.keep("after", output)


def watch(module, log):
    recorder = Recorder(log)
    handles = []
    handles.append(module.register_forward_pre_hook(recorder.before))
    handles.append(module.register_forward_hook(recorder.after))
    return handles

# %% right: with-kwargs
def watch(module, log):
    def before(module, args, kwargs):
        log.append(("before", torch.empty_like(args[0]).copy_(args[0].detach())))

    def after(module, args, kwargs, output):
        log.append(("after", torch.empty_like(output).copy_(output.detach())))
        return output

    return [
        module.register_forward_pre_hook(before, with_kwargs=True),
        module.register_forward_hook(after, with_kwargs=True),
    ]
