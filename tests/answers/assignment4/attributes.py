# %% wrong: by-the-kind-of-object (-)
def where(module, name):
    value = getattr(module, name)
    if isinstance(value, nn.Parameter):
        return "_parameters"
    if isinstance(value, torch.Tensor):
        return "_buffers"
    if isinstance(value, nn.Module):
        return "_modules"
    return "__dict__" if name in module.__dict__ else "class"


def without_hooks(model, x):
    kept = []
    for module in model.modules():
        for hooks in (module._forward_pre_hooks, module._forward_hooks):
            kept.append((hooks, dict(hooks)))
            hooks.clear()
    try:
        return model(x)
    finally:
        for hooks, before in kept:
            hooks.update(before)


# %% wrong: none-for-what-is-not-there (-)
def where(module, name):
    for place in ("_parameters", "_buffers", "_modules"):
        if name in getattr(module, place):
            return place
    if name in module.__dict__:
        return "__dict__"
    if hasattr(type(module), name):
        return "class"
    return None


def without_hooks(model, x):
    kept = []
    for module in model.modules():
        for hooks in (module._forward_pre_hooks, module._forward_hooks):
            kept.append((hooks, dict(hooks)))
            hooks.clear()
    try:
        return model(x)
    finally:
        for hooks, before in kept:
            hooks.update(before)


# %% wrong: everything-else-is-the-class (-)
def where(module, name):
    for place in ("_parameters", "_buffers", "_modules"):
        if name in getattr(module, place):
            return place
    return "__dict__" if name in module.__dict__ else "class"


def without_hooks(model, x):
    kept = []
    for module in model.modules():
        for hooks in (module._forward_pre_hooks, module._forward_hooks):
            kept.append((hooks, dict(hooks)))
            hooks.clear()
    try:
        return model(x)
    finally:
        for hooks, before in kept:
            hooks.update(before)


# %% wrong: own-class-only (-)
def where(module, name):
    for place in ("_parameters", "_buffers", "_modules"):
        if name in getattr(module, place):
            return place
    if name in module.__dict__:
        return "__dict__"
    if name in vars(type(module)):
        return "class"
    raise AttributeError(name)


def without_hooks(model, x):
    kept = []
    for module in model.modules():
        for hooks in (module._forward_pre_hooks, module._forward_hooks):
            kept.append((hooks, dict(hooks)))
            hooks.clear()
    try:
        return model(x)
    finally:
        for hooks, before in kept:
            hooks.update(before)


# %% wrong: paths-of-the-whole-model (-)
def where(module, name):
    if name in dict(module.named_parameters()):
        return "_parameters"
    if name in dict(module.named_buffers()):
        return "_buffers"
    if name in dict(module.named_children()):
        return "_modules"
    if name in module.__dict__:
        return "__dict__"
    if hasattr(type(module), name):
        return "class"
    raise AttributeError(name)


def without_hooks(model, x):
    kept = []
    for module in model.modules():
        for hooks in (module._forward_pre_hooks, module._forward_hooks):
            kept.append((hooks, dict(hooks)))
            hooks.clear()
    try:
        return model(x)
    finally:
        for hooks, before in kept:
            hooks.update(before)


# %% wrong: forward-called-alone (-)
def where(module, name):
    for place in ("_parameters", "_buffers", "_modules"):
        if name in getattr(module, place):
            return place
    if name in module.__dict__:
        return "__dict__"
    if hasattr(type(module), name):
        return "class"
    raise AttributeError(name)


def without_hooks(model, x):
    return model.forward(x)


# %% wrong: hooks-gone-for-good (-)
def where(module, name):
    for place in ("_parameters", "_buffers", "_modules"):
        if name in getattr(module, place):
            return place
    if name in module.__dict__:
        return "__dict__"
    if hasattr(type(module), name):
        return "class"
    raise AttributeError(name)


def without_hooks(model, x):
    for module in model.modules():
        module._forward_pre_hooks.clear()
        module._forward_hooks.clear()
    return model(x)


# %% wrong: hooks-of-the-model-alone (-)
def where(module, name):
    for place in ("_parameters", "_buffers", "_modules"):
        if name in getattr(module, place):
            return place
    if name in module.__dict__:
        return "__dict__"
    if hasattr(type(module), name):
        return "class"
    raise AttributeError(name)


def without_hooks(model, x):
    kept = []
    for module in [model]:
        for hooks in (module._forward_pre_hooks, module._forward_hooks):
            kept.append((hooks, dict(hooks)))
            hooks.clear()
    try:
        return model(x)
    finally:
        for hooks, before in kept:
            hooks.update(before)


# %% wrong: pre-hooks-forgotten (-)
def where(module, name):
    for place in ("_parameters", "_buffers", "_modules"):
        if name in getattr(module, place):
            return place
    if name in module.__dict__:
        return "__dict__"
    if hasattr(type(module), name):
        return "class"
    raise AttributeError(name)


def without_hooks(model, x):
    kept = []
    for module in model.modules():
        for hooks in (module._forward_hooks,):
            kept.append((hooks, dict(hooks)))
            hooks.clear()
    try:
        return model(x)
    finally:
        for hooks, before in kept:
            hooks.update(before)


# %% wrong: children-in-the-place-of-modules (apply_not_recursive)
def where(module, name):
    for place in ("_parameters", "_buffers", "_modules"):
        if name in getattr(module, place):
            return place
    if name in module.__dict__:
        return "__dict__"
    if hasattr(type(module), name):
        return "class"
    raise AttributeError(name)


def without_hooks(model, x):
    kept = []
    for module in model.children():
        for hooks in (module._forward_pre_hooks, module._forward_hooks):
            kept.append((hooks, dict(hooks)))
            hooks.clear()
    try:
        return model(x)
    finally:
        for hooks, before in kept:
            hooks.update(before)


# %% wrong: hooks-registered-anew (-)
def where(module, name):
    for place in ("_parameters", "_buffers", "_modules"):
        if name in getattr(module, place):
            return place
    if name in module.__dict__:
        return "__dict__"
    if hasattr(type(module), name):
        return "class"
    raise AttributeError(name)


def without_hooks(model, x):
    kept = []
    for module in model.modules():
        kept.append((module, list(module._forward_pre_hooks.values()), list(module._forward_hooks.values())))
        module._forward_pre_hooks.clear()
        module._forward_hooks.clear()
    result = model(x)
    for module, before, after in kept:
        for hook in before:
            module.register_forward_pre_hook(hook)
        for hook in after:
            module.register_forward_hook(hook)
    return result


# %% right: other-dictionaries-for-the-time
def where(module, name):
    own = vars(module)
    places = [place for place in ["_parameters", "_buffers", "_modules"] if name in own[place]]
    if places:
        return places[0]
    elif name in own:
        return "__dict__"
    getattr(type(module), name)
    return "class"


from collections import OrderedDict


def without_hooks(model, x):
    before = {}
    for module in model.modules():
        before[module] = module._forward_pre_hooks, module._forward_hooks
        module._forward_pre_hooks, module._forward_hooks = OrderedDict(), OrderedDict()
    y = model(x)
    for module, (pre, post) in before.items():
        module._forward_pre_hooks = pre
        module._forward_hooks = post
    return y


# %% right: a-copy-without-hooks
def where(module, name):
    if name in module._parameters:
        return "_parameters"
    if name in module._buffers:
        return "_buffers"
    if name in module._modules:
        return "_modules"
    if name in module.__dict__.keys():
        return "__dict__"
    for base in type(module).__mro__:
        if name in base.__dict__:
            return "class"
    raise AttributeError(f"no {name}")


import copy


def without_hooks(model, x):
    bare = copy.deepcopy(model)
    for module in bare.modules():
        module._forward_hooks.clear()
        module._forward_pre_hooks.clear()
    return bare(x)


# %% right: context-manager
def where(module, name):
    d = module.__dict__
    if name in d:
        return "__dict__"
    for place in "_parameters", "_buffers", "_modules":
        if name in d[place]:
            return place
    if name in dir(type(module)):
        return "class"
    raise AttributeError


from contextlib import contextmanager


@contextmanager
def silent(model):
    saved = [(m, m.__dict__["_forward_pre_hooks"].copy(), m.__dict__["_forward_hooks"].copy()) for m in model.modules()]
    for m, _, _ in saved:
        m._forward_pre_hooks.clear()
        m._forward_hooks.clear()
    yield
    for m, pre, post in saved:
        for key, hook in pre.items():
            m._forward_pre_hooks[key] = hook
        for key, hook in post.items():
            m._forward_hooks[key] = hook


def without_hooks(model, x):
    with silent(model):
        output = model(x)
    return output
