# %% wrong: parent-first (-)
def postorder(model):
    return [type(module).__name__ for module in model.modules()]

# %% wrong: modules-backwards (-)
def postorder(model):
    return [type(module).__name__ for module in model.modules()][::-1]

# %% wrong: one-level-only (apply_not_recursive)
def postorder(model):
    names = [type(child).__name__ for child in model.children()]
    names.append(type(model).__name__)
    return names

# %% wrong: the-model-itself-missing (-)
def postorder(model):
    names = []
    for child in model.children():
        child.apply(lambda module: names.append(type(module).__name__))
    return names

# %% wrong: attribute-names (-)
def postorder(model):
    return [name for name, _ in model.named_modules()][::-1]

# %% wrong: classes-not-names (-)
def postorder(model):
    found = []
    model.apply(lambda module: found.append(type(module)))
    return found

# %% wrong: printed-forms (-)
def postorder(model):
    names = []
    model.apply(lambda module: names.append(str(module)))
    return names

# %% wrong: printed-not-returned (result_not_returned)
def postorder(model):
    model.apply(lambda module: print(type(module).__name__))

# %% wrong: model-returned (-)
def postorder(model):
    names = []
    return model.apply(lambda module: names.append(type(module).__name__))

# %% wrong: each-class-once (-)
def postorder(model):
    names = []

    def visit(module):
        name = type(module).__name__
        if name not in names:
            names.append(name)

    model.apply(visit)
    return names

# %% right: recursion
def postorder(model):
    names = []
    for child in model.children():
        names += postorder(child)
    return names + [model.__class__.__name__]

# %% right: generator
def visit(module):
    for child in module.children():
        yield from visit(child)
    yield type(module).__name__

def postorder(model):
    return list(visit(model))

# %% right: named-function
def postorder(model):
    order = []

    def remember(module):
        order.append(module)

    model.apply(remember)
    return [module.__class__.__name__ for module in order]
