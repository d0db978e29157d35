# %% wrong: one-level-of-the-child (-)
def census(model):
    return {name: len(list(child.children())) for name, child in model.named_children()}


def count_kind(model, kind):
    return sum(isinstance(module, kind) for module in model.modules())


def places(model, module):
    return [name for name, other in model.named_modules(remove_duplicate=False) if other is module]


# %% wrong: every-module-a-key (-)
def census(model):
    return {name: len(list(child.modules())) for name, child in model.named_modules()}


def count_kind(model, kind):
    return sum(isinstance(module, kind) for module in model.modules())


def places(model, module):
    return [name for name, other in model.named_modules(remove_duplicate=False) if other is module]


# %% wrong: the-child-itself-left-out (-)
def census(model):
    return {name: len(list(child.modules())) - 1 for name, child in model.named_children()}


def count_kind(model, kind):
    return sum(isinstance(module, kind) for module in model.modules())


def places(model, module):
    return [name for name, other in model.named_modules(remove_duplicate=False) if other is module]


# %% wrong: shared-counted-twice (-)
def census(model):
    return {name: len(list(child.named_modules(remove_duplicate=False))) for name, child in model.named_children()}


def count_kind(model, kind):
    return sum(isinstance(module, kind) for module in model.modules())


def places(model, module):
    return [name for name, other in model.named_modules(remove_duplicate=False) if other is module]


# %% wrong: children-in-the-place-of-modules (-)
def census(model):
    return {name: len(list(child.modules())) for name, child in model.named_children()}


def count_kind(model, kind):
    return sum(isinstance(module, kind) for module in model.children())


def places(model, module):
    return [name for name, other in model.named_modules(remove_duplicate=False) if other is module]


# %% wrong: the-very-class-only (subclasses_left_out)
def census(model):
    return {name: len(list(child.modules())) for name, child in model.named_children()}


def count_kind(model, kind):
    return sum(type(module) is kind for module in model.modules())


def places(model, module):
    return [name for name, other in model.named_modules(remove_duplicate=False) if other is module]


# %% wrong: kind-counted-by-place (-)
def census(model):
    return {name: len(list(child.modules())) for name, child in model.named_children()}


def count_kind(model, kind):
    return sum(isinstance(module, kind) for _, module in model.named_modules(remove_duplicate=False))


def places(model, module):
    return [name for name, other in model.named_modules(remove_duplicate=False) if other is module]


# %% wrong: the-first-place-only (-)
def census(model):
    return {name: len(list(child.modules())) for name, child in model.named_children()}


def count_kind(model, kind):
    return sum(isinstance(module, kind) for module in model.modules())


def places(model, module):
    return [name for name, other in model.named_modules() if other is module]


# %% wrong: places-of-the-same-kind (-)
def census(model):
    return {name: len(list(child.modules())) for name, child in model.named_children()}


def count_kind(model, kind):
    return sum(isinstance(module, kind) for module in model.modules())


def places(model, module):
    return [name for name, other in model.named_modules(remove_duplicate=False) if type(other) is type(module)]


# %% wrong: found-with-its-text (-)
def census(model):
    return {name: len(list(child.modules())) for name, child in model.named_children()}


def count_kind(model, kind):
    return sum(isinstance(module, kind) for module in model.modules())


def places(model, module):
    return [name for name, other in model.named_modules(remove_duplicate=False) if str(other) == str(module)]


# %% right: loops
def census(model):
    result = {}
    for name, child in model.named_children():
        count = 0
        for _ in child.modules():
            count += 1
        result[name] = count
    return result


def count_kind(model, kind):
    found = []
    for m in model.modules():
        if isinstance(m, kind):
            found.append(m)
    return len(found)


def places(model, module):
    names = []
    for name, m in model.named_modules(remove_duplicate=False):
        if id(m) == id(module):
            names.append(name)
    return names


# %% right: recursion
def parts(module):
    found = {module}
    for child in module.children():
        found |= parts(child)
    return found


def census(model):
    return {name: len(parts(child)) for name, child in model.named_children()}


def count_kind(model, kind):
    return len([m for m in parts(model) if issubclass(type(m), kind)])


def places(model, module, prefix=""):
    here = [prefix] if model is module else []
    for name, child in model._modules.items():
        if child is not None:
            here += places(child, module, f"{prefix}.{name}" if prefix else name)
    return here


# %% right: sets-and-filters
def census(model):
    return dict((name, len(set(child.modules()))) for name, child in model.named_children())


def count_kind(model, kind):
    seen = set()
    model.apply(lambda m: seen.add(m) if isinstance(m, kind) else None)
    return len(seen)


def places(model, module):
    everything = dict(model.named_modules(remove_duplicate=False))
    return list(filter(lambda name: everything[name] is module, everything))
