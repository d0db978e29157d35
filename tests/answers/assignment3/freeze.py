# %% wrong: anywhere-in-the-name (-)
def freeze(model, prefix):
    for name, parameter in model.named_parameters():
        if prefix in name:
            parameter.requires_grad_(False)


def trainable_sgd(model, lr):
    return torch.optim.SGD([p for p in model.parameters() if p.requires_grad], lr=lr)

# %% wrong: others-thawed (-)
def freeze(model, prefix):
    for name, parameter in model.named_parameters():
        parameter.requires_grad = not name.startswith(prefix)


def trainable_sgd(model, lr):
    return torch.optim.SGD([p for p in model.parameters() if p.requires_grad], lr=lr)

# %% wrong: children-names (-)
def freeze(model, prefix):
    for name, child in model.named_children():
        if name.startswith(prefix):
            for parameter in child.parameters():
                parameter.requires_grad = False


def trainable_sgd(model, lr):
    return torch.optim.SGD([p for p in model.parameters() if p.requires_grad], lr=lr)

# %% wrong: all-parameters-in-the-optimizer (-)
def freeze(model, prefix):
    for name, parameter in model.named_parameters():
        if name.startswith(prefix):
            parameter.requires_grad_(False)


def trainable_sgd(model, lr):
    return torch.optim.SGD(model.parameters(), lr=lr)

# %% wrong: momentum (-)
def freeze(model, prefix):
    for name, parameter in model.named_parameters():
        if name.startswith(prefix):
            parameter.requires_grad_(False)


def trainable_sgd(model, lr):
    return torch.optim.SGD([p for p in model.parameters() if p.requires_grad], lr=lr, momentum=0.9)

# %% right: filter-and-slice
def freeze(model, prefix):
    for name in dict(model.named_parameters()):
        if name[: len(prefix)] == prefix:
            model.get_parameter(name).requires_grad = False
    return model


def trainable_sgd(model, lr):
    return torch.optim.SGD(filter(lambda p: p.requires_grad, model.parameters()), lr)

# %% right: one-group-each
def freeze(model, prefix):
    chosen = [p for name, p in model.named_parameters() if name.startswith(prefix)]
    for parameter in chosen:
        parameter.requires_grad = False
        parameter.grad = None


def trainable_sgd(model, lr):
    groups = []
    for parameter in model.parameters():
        if parameter.requires_grad:
            groups.append({"params": [parameter], "lr": lr})
    return torch.optim.SGD(groups, lr=lr)
