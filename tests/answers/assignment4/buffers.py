# %% wrong: ends-alike (-)
def buffers_called(model, name):
    return {path: buffer for path, buffer in model.named_buffers() if path.endswith(name)}


def unsaved(model):
    saved = model.state_dict()
    return [path for path, _ in model.named_buffers() if path not in saved]


def set_buffer(model, path, value):
    return model.get_buffer(path).fill_(value)


# %% wrong: not-on-the-model-itself (-)
def buffers_called(model, name):
    return {path: buffer for path, buffer in model.named_buffers() if path.endswith("." + name)}


def unsaved(model):
    saved = model.state_dict()
    return [path for path, _ in model.named_buffers() if path not in saved]


def set_buffer(model, path, value):
    return model.get_buffer(path).fill_(value)


# %% wrong: copies (-)
def buffers_called(model, name):
    return {path: buffer.clone() for path, buffer in model.named_buffers() if path.split(".")[-1] == name}


def unsaved(model):
    saved = model.state_dict()
    return [path for path, _ in model.named_buffers() if path not in saved]


def set_buffer(model, path, value):
    return model.get_buffer(path).fill_(value)


# %% wrong: saved-ones-only (-)
def buffers_called(model, name):
    return {
        path: model.get_buffer(path)
        for path in model.state_dict()
        if path.split(".")[-1] == name and path in dict(model.named_buffers())
    }


def unsaved(model):
    saved = model.state_dict()
    return [path for path, _ in model.named_buffers() if path not in saved]


def set_buffer(model, path, value):
    return model.get_buffer(path).fill_(value)


# %% wrong: parameters-too (-)
def buffers_called(model, name):
    tensors = {**dict(model.named_buffers()), **dict(model.named_parameters())}
    return {path: tensor for path, tensor in tensors.items() if path.split(".")[-1] == name}


def unsaved(model):
    saved = model.state_dict()
    return [path for path, _ in model.named_buffers() if path not in saved]


def set_buffer(model, path, value):
    return model.get_buffer(path).fill_(value)


# %% wrong: one-level-of-unsaved (-)
def buffers_called(model, name):
    return {path: buffer for path, buffer in model.named_buffers() if path.split(".")[-1] == name}


def unsaved(model):
    return list(model._non_persistent_buffers_set)


def set_buffer(model, path, value):
    return model.get_buffer(path).fill_(value)


# %% wrong: names-without-their-path (-)
def buffers_called(model, name):
    return {path: buffer for path, buffer in model.named_buffers() if path.split(".")[-1] == name}


def unsaved(model):
    return [
        name for module in model.modules() for name in module._buffers if name in module._non_persistent_buffers_set
    ]


def set_buffer(model, path, value):
    return model.get_buffer(path).fill_(value)


# %% wrong: saved-in-the-place-of-unsaved (-)
def buffers_called(model, name):
    return {path: buffer for path, buffer in model.named_buffers() if path.split(".")[-1] == name}


def unsaved(model):
    saved = model.state_dict()
    return [path for path, _ in model.named_buffers() if path in saved]


def set_buffer(model, path, value):
    return model.get_buffer(path).fill_(value)


# %% wrong: a-new-buffer (-)
def buffers_called(model, name):
    return {path: buffer for path, buffer in model.named_buffers() if path.split(".")[-1] == name}


def unsaved(model):
    saved = model.state_dict()
    return [path for path, _ in model.named_buffers() if path not in saved]


def set_buffer(model, path, value):
    owner, _, name = path.rpartition(".")
    old = model.get_buffer(path)
    setattr(model.get_submodule(owner), name, torch.full_like(old, value))
    return model.get_buffer(path)


# %% wrong: parameters-filled-too (-)
def buffers_called(model, name):
    return {path: buffer for path, buffer in model.named_buffers() if path.split(".")[-1] == name}


def unsaved(model):
    saved = model.state_dict()
    return [path for path, _ in model.named_buffers() if path not in saved]


def set_buffer(model, path, value):
    owner, _, name = path.rpartition(".")
    with torch.no_grad():
        return getattr(model.get_submodule(owner), name).fill_(value)


# %% wrong: nothing-returned (-)
def buffers_called(model, name):
    return {path: buffer for path, buffer in model.named_buffers() if path.split(".")[-1] == name}


def unsaved(model):
    saved = model.state_dict()
    return [path for path, _ in model.named_buffers() if path not in saved]


def set_buffer(model, path, value):
    model.get_buffer(path).fill_(value)


# %% wrong: a-copy-filled (-)
def buffers_called(model, name):
    return {path: buffer for path, buffer in model.named_buffers() if path.split(".")[-1] == name}


def unsaved(model):
    saved = model.state_dict()
    return [path for path, _ in model.named_buffers() if path not in saved]


def set_buffer(model, path, value):
    return model.get_buffer(path).clone().fill_(value)


# %% right: rpartition
def buffers_called(model, name):
    found = {}
    for path, buffer in model.named_buffers():
        _, _, last = path.rpartition(".")
        if last == name:
            found[path] = buffer
    return found


def unsaved(model):
    keys = list(model.state_dict().keys())
    return [p for p in dict(model.named_buffers()) if not p in keys]


def set_buffer(model, path, value):
    buffer = model.get_buffer(path)
    buffer[...] = value
    return buffer


# %% right: module-by-module
def buffers_called(model, name):
    found = {}
    for prefix, module in model.named_modules():
        for own, buffer in module.named_buffers(recurse=False):
            if own == name:
                found[f"{prefix}.{own}" if prefix else own] = buffer
    return found


def unsaved(model):
    paths = []
    for prefix, module in model.named_modules():
        for own in module._buffers:
            if own in module._non_persistent_buffers_set:
                paths.append((prefix + "." + own).lstrip("."))
    return paths


def set_buffer(model, path, value):
    buffers = dict(model.named_buffers())
    if path not in buffers:
        raise AttributeError(f"there is no buffer {path}")
    with torch.no_grad():
        buffers[path].copy_(torch.tensor(value))
    return buffers[path]


# %% right: regular-expression
import re


def buffers_called(model, name):
    fits = re.compile(rf"(.*\.)?{re.escape(name)}").fullmatch
    return {path: model.get_buffer(path) for path, _ in model.named_buffers() if fits(path)}


def unsaved(model):
    saved = set(model.state_dict())
    return list(filter(lambda path: path not in saved, (path for path, _ in model.named_buffers())))


def set_buffer(model, path, value):
    model.get_buffer(path).zero_().add_(value)
    return model.get_buffer(path)
