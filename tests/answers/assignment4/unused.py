# %% wrong: containers-removed (-)
def remove_unused(model, x):
    called = set()
    handles = [m.register_forward_hook(lambda module, args, output: called.add(module)) for m in model.modules()]
    model(x)
    for handle in handles:
        handle.remove()
    unused = [name for name, child in model.named_children() if child not in called]
    for name in unused:
        delattr(model, name)
    return unused


# %% wrong: by-the-gradients (-)
def remove_unused(model, x):
    model.zero_grad()
    model(x).sum().backward()
    unused = [n for n, child in model.named_children() if all(p.grad is None for p in child.parameters())]
    for name in unused:
        delattr(model, name)
    return unused


# %% wrong: hooks-left-behind (hook_not_removed)
def remove_unused(model, x):
    called = set()
    handles = [m.register_forward_hook(lambda module, args, output: called.add(module)) for m in model.modules()]
    model(x)
    unused = [name for name, child in model.named_children() if not any(m in called for m in child.modules())]
    for name in unused:
        delattr(model, name)
    return unused


# %% wrong: all-hooks-cleared (-)
def remove_unused(model, x):
    called = set()
    handles = [m.register_forward_hook(lambda module, args, output: called.add(module)) for m in model.modules()]
    model(x)
    for handle in handles:
        pass
    unused = [name for name, child in model.named_children() if not any(m in called for m in child.modules())]
    for name in unused:
        delattr(model, name)
    for module in model.modules():
        module._forward_hooks.clear()
    return unused


# %% wrong: names-returned-alone (-)
def remove_unused(model, x):
    called = set()
    handles = [m.register_forward_hook(lambda module, args, output: called.add(module)) for m in model.modules()]
    model(x)
    for handle in handles:
        handle.remove()
    unused = [name for name, child in model.named_children() if not any(m in called for m in child.modules())]
    for name in unused:
        pass
    return unused


# %% wrong: nothing-returned (-)
def remove_unused(model, x):
    called = set()
    handles = [m.register_forward_hook(lambda module, args, output: called.add(module)) for m in model.modules()]
    model(x)
    for handle in handles:
        handle.remove()
    unused = [name for name, child in model.named_children() if not any(m in called for m in child.modules())]
    for name in unused:
        delattr(model, name)


# %% wrong: replaced-by-identities (-)
def remove_unused(model, x):
    called = set()
    handles = [m.register_forward_hook(lambda module, args, output: called.add(module)) for m in model.modules()]
    model(x)
    for handle in handles:
        handle.remove()
    unused = [name for name, child in model.named_children() if not any(m in called for m in child.modules())]
    for name in unused:
        setattr(model, name, nn.Identity())
    return unused


# %% wrong: used-ones-returned (-)
def remove_unused(model, x):
    called = set()
    handles = [m.register_forward_hook(lambda module, args, output: called.add(module)) for m in model.modules()]
    model(x)
    for handle in handles:
        handle.remove()
    unused = [name for name, child in model.named_children() if not any(m in called for m in child.modules())]
    for name in unused:
        delattr(model, name)
    return [name for name, _ in model.named_children()]


# %% wrong: removed-at-every-depth (-)
def remove_unused(model, x):
    called = set()
    handles = [m.register_forward_hook(lambda module, args, output: called.add(module)) for m in model.modules()]
    model(x)
    for handle in handles:
        handle.remove()
    unused = [name for name, child in model.named_children() if not any(m in called for m in child.modules())]
    for name in unused:
        delattr(model, name)
    for module in list(model.modules()):
        for name, child in list(module.named_children()):
            if not any(m in called for m in child.modules()):
                del module._modules[name]
    return unused


# %% right: pre-hooks-and-del
def remove_unused(model, x):
    used = []
    handles = []

    def note(module, args):
        used.append(module)

    for module in model.modules():
        handles.append(module.register_forward_pre_hook(note))
    with torch.no_grad():
        model(x)
    for handle in handles:
        handle.remove()

    removed = []
    for name, child in list(model.named_children()):
        if not set(child.modules()) & set(used):
            del model._modules[name]
            removed.append(name)
    return removed


# %% right: flags-for-each-child
from functools import partial


def remove_unused(model, x):
    ran = {name: False for name, _ in model.named_children()}

    def mark(name, *_):
        ran[name] = True

    handles = []
    for name, child in model.named_children():
        for module in child.modules():
            handles.append(module.register_forward_hook(partial(mark, name)))
    model(x)
    [handle.remove() for handle in handles]
    unused = [name for name in ran if not ran[name]]
    for name in unused:
        model.__delattr__(name)
    return unused


# %% right: a-hook-for-all-modules
def remove_unused(model, x):
    called = []
    handle = nn.modules.module.register_module_forward_hook(lambda module, args, output: called.append(id(module)))
    try:
        model(x)
    finally:
        handle.remove()
    names = []
    for name, child in model.named_children():
        if all(id(module) not in called for module in child.modules()):
            names.append(name)
    for name in names:
        delattr(model, name)
    return names
