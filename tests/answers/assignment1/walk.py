# %% wrong: names-include-the-model (-)
def module_names(model):
    return [name for name, _ in model.named_modules()]


def count_parameters(model):
    return sum(p.numel() for p in model.parameters() if p.requires_grad)


def fetch(model, path):
    for getter in (model.get_submodule, model.get_parameter, model.get_buffer):
        try:
            return getter(path)
        except AttributeError:
            pass
    raise AttributeError(path)

# %% wrong: names-one-level-only (apply_not_recursive)
def module_names(model):
    return [name for name, _ in model.named_children()]


def count_parameters(model):
    return sum(p.numel() for p in model.parameters() if p.requires_grad)


def fetch(model, path):
    for getter in (model.get_submodule, model.get_parameter, model.get_buffer):
        try:
            return getter(path)
        except AttributeError:
            pass
    raise AttributeError(path)

# %% wrong: class-names (-)
def module_names(model):
    return [type(m).__name__ for m in model.modules() if m is not model]


def count_parameters(model):
    return sum(p.numel() for p in model.parameters() if p.requires_grad)


def fetch(model, path):
    for getter in (model.get_submodule, model.get_parameter, model.get_buffer):
        try:
            return getter(path)
        except AttributeError:
            pass
    raise AttributeError(path)

# %% wrong: names-of-the-leaves-only (-)
def module_names(model):
    return [name for name, m in model.named_modules() if not list(m.children())]


def count_parameters(model):
    return sum(p.numel() for p in model.parameters() if p.requires_grad)


def fetch(model, path):
    for getter in (model.get_submodule, model.get_parameter, model.get_buffer):
        try:
            return getter(path)
        except AttributeError:
            pass
    raise AttributeError(path)

# %% wrong: names-without-their-path (-)
def module_names(model):
    return [name.split(".")[-1] for name, _ in model.named_modules() if name]


def count_parameters(model):
    return sum(p.numel() for p in model.parameters() if p.requires_grad)


def fetch(model, path):
    for getter in (model.get_submodule, model.get_parameter, model.get_buffer):
        try:
            return getter(path)
        except AttributeError:
            pass
    raise AttributeError(path)

# %% wrong: counts-tensors (-)
def module_names(model):
    return [name for name, _ in model.named_modules() if name]


def count_parameters(model):
    return len([p for p in model.parameters() if p.requires_grad])


def fetch(model, path):
    for getter in (model.get_submodule, model.get_parameter, model.get_buffer):
        try:
            return getter(path)
        except AttributeError:
            pass
    raise AttributeError(path)

# %% wrong: counts-frozen-too (-)
def module_names(model):
    return [name for name, _ in model.named_modules() if name]


def count_parameters(model):
    return sum(p.numel() for p in model.parameters())


def fetch(model, path):
    for getter in (model.get_submodule, model.get_parameter, model.get_buffer):
        try:
            return getter(path)
        except AttributeError:
            pass
    raise AttributeError(path)

# %% wrong: counts-the-state-dict (-)
def module_names(model):
    return [name for name, _ in model.named_modules() if name]


def count_parameters(model):
    return sum(t.numel() for t in model.state_dict().values())


def fetch(model, path):
    for getter in (model.get_submodule, model.get_parameter, model.get_buffer):
        try:
            return getter(path)
        except AttributeError:
            pass
    raise AttributeError(path)

# %% wrong: counts-shared-twice (-)
def module_names(model):
    return [name for name, _ in model.named_modules() if name]


def count_parameters(model):
    total = 0
    for module in model.modules():
        for p in module.parameters(recurse=False):
            if p.requires_grad:
                total += p.numel()
    return total


def fetch(model, path):
    for getter in (model.get_submodule, model.get_parameter, model.get_buffer):
        try:
            return getter(path)
        except AttributeError:
            pass
    raise AttributeError(path)

# %% wrong: fetches-modules-only (tensor_at_the_path)
def module_names(model):
    return [name for name, _ in model.named_modules() if name]


def count_parameters(model):
    return sum(p.numel() for p in model.parameters() if p.requires_grad)


def fetch(model, path):
    return model.get_submodule(path)

# %% wrong: fetch-without-buffers (get_submodule_missing)
def module_names(model):
    return [name for name, _ in model.named_modules() if name]


def count_parameters(model):
    return sum(p.numel() for p in model.parameters() if p.requires_grad)


def fetch(model, path):
    try:
        return model.get_submodule(path)
    except AttributeError:
        return model.get_parameter(path)

# %% wrong: fetch-returns-none (-)
def module_names(model):
    return [name for name, _ in model.named_modules() if name]


def count_parameters(model):
    return sum(p.numel() for p in model.parameters() if p.requires_grad)


def fetch(model, path):
    for getter in (model.get_submodule, model.get_parameter, model.get_buffer):
        try:
            return getter(path)
        except AttributeError:
            pass
    return None

# %% wrong: fetch-raises-key-error (wrong_exception)
def module_names(model):
    return [name for name, _ in model.named_modules() if name]


def count_parameters(model):
    return sum(p.numel() for p in model.parameters() if p.requires_grad)


def fetch(model, path):
    everything = dict(model.named_modules())
    everything.update(model.named_parameters())
    everything.update(model.named_buffers())
    return everything[path]

# %% wrong: fetch-copies-from-the-state-dict (-)
def module_names(model):
    return [name for name, _ in model.named_modules() if name]


def count_parameters(model):
    return sum(p.numel() for p in model.parameters() if p.requires_grad)


def fetch(model, path):
    modules = dict(model.named_modules())
    if path in modules:
        return modules[path]
    if path in model.state_dict():
        return model.state_dict()[path].clone()
    raise AttributeError(path)

# %% right: dictionaries
def module_names(model):
    return list(dict(model.named_modules()))[1:]


def count_parameters(model):
    total = 0
    for _, p in model.named_parameters():
        if p.requires_grad:
            total += p.nelement()
    return total


def fetch(model, path):
    everything = {
        **dict(model.named_modules(remove_duplicate=False)),
        **dict(model.named_parameters(remove_duplicate=False)),
        **dict(model.named_buffers(remove_duplicate=False)),
    }
    if path not in everything:
        raise AttributeError(f"nothing at {path}")
    return everything[path]

# %% right: by-hand
import math


def module_names(model):
    names = []
    for name, module in model.named_modules():
        if module is not model:
            names.append(name)
    return names


def count_parameters(model):
    unique = {id(p): p for p in model.parameters() if p.requires_grad}
    return sum(math.prod(p.shape) for p in unique.values())


def fetch(model, path):
    found = model
    for part in path.split("."):
        if not isinstance(found, nn.Module):
            raise AttributeError(path)
        places = (found._modules, found._parameters, found._buffers)
        found = next((place[part] for place in places if place.get(part) is not None), None)
        if found is None:
            raise AttributeError(path)
    return found

# %% right: getattr-with-a-check
def module_names(model):
    names, modules = zip(*model.named_modules())
    return list(names[1:])


def count_parameters(model):
    return sum(p.numel() for p in set(model.parameters()) if p.requires_grad)


def fetch(model, path):
    *parents, last = path.split(".")
    owner = model.get_submodule(".".join(parents))
    thing = getattr(owner, last)
    known = [*owner.children(), *owner.parameters(recurse=False), *owner.buffers(recurse=False)]
    if not any(thing is k for k in known):
        raise AttributeError(f"{path} is neither a module, a Parameter nor a buffer")
    return thing

# %% wrong: fetches-any-attribute (-)
def module_names(model):
    return [name for name, _ in model.named_modules() if name]


def count_parameters(model):
    return sum(p.numel() for p in model.parameters() if p.requires_grad)


def fetch(model, path):
    found = model
    for name in path.split("."):
        found = getattr(found, name)
    return found

# %% wrong: counts-in-floats (-)
def module_names(model):
    return [name for name, _ in model.named_modules() if name]


def count_parameters(model):
    return sum(p.numel() / 1 for p in model.parameters() if p.requires_grad)


def fetch(model, path):
    for getter in (model.get_submodule, model.get_parameter, model.get_buffer):
        try:
            return getter(path)
        except AttributeError:
            pass
    raise AttributeError(path)

# %% right: counts-with-numpy
import numpy as np


def module_names(model):
    return [name for name, _ in model.named_modules() if name]


def count_parameters(model):
    return np.sum([np.prod(p.shape) for p in model.parameters() if p.requires_grad])


def fetch(model, path):
    for getter in (model.get_submodule, model.get_parameter, model.get_buffer):
        try:
            return getter(path)
        except AttributeError:
            pass
    raise AttributeError(path)
