# %% wrong: mode-never-changed (eval_forgotten)
def evaluate(model, batches):
    right = total = 0
    with torch.no_grad():
        for x, y in batches:
            right += (model(x).argmax(dim=1) == y).sum().item()
            total += len(y)
    return right / total

# %% wrong: parents-put-back-last (-)
def evaluate(model, batches):
    modes = [(module, module.training) for module in model.modules()]
    model.eval()
    right = total = 0
    with torch.no_grad():
        for x, y in batches:
            right += (model(x).argmax(dim=1) == y).sum().item()
            total += len(y)
    for module, mode in reversed(modes):
        module.train(mode)
    return right / total

# %% wrong: mean-of-the-batches (mean_of_means)
def evaluate(model, batches):
    modes = [(module, module.training) for module in model.modules()]
    model.eval()
    accuracies = []
    with torch.no_grad():
        for x, y in batches:
            accuracies.append((model(x).argmax(dim=1) == y).float().mean().item())
    for module, mode in modes:
        module.training = mode
    return sum(accuracies) / len(accuracies)

# %% wrong: autograd-left-off (grad_left_off)
def evaluate(model, batches):
    modes = [(module, module.training) for module in model.modules()]
    model.eval()
    torch.set_grad_enabled(False)
    right = total = 0
    for x, y in batches:
        right += (model(x).argmax(dim=1) == y).sum().item()
        total += len(y)
    for module, mode in modes:
        module.training = mode
    return right / total

# %% wrong: column-against-row (broadcast_hides)
def evaluate(model, batches):
    modes = [(module, module.training) for module in model.modules()]
    model.eval()
    right = total = 0
    with torch.no_grad():
        for x, y in batches:
            matches = model(x).argmax(dim=1, keepdim=True) == y
            right += matches.sum().item()
            total += matches.numel()
    for module, mode in modes:
        module.training = mode
    return right / total

# %% right: parents-first
def evaluate(model, batches):
    modes = {module: module.training for module in model.modules()}
    model.train(False)
    hits = []
    with torch.inference_mode():
        for x, y in batches:
            hits += (model(x).max(dim=1).indices == y).tolist()
    for module, mode in modes.items():
        module.train(mode)
    return sum(hits) / len(hits)

# %% right: by-name
@torch.no_grad()
def evaluate(model, batches):
    before = {name: module.training for name, module in model.named_modules()}
    try:
        model.eval()
        outcomes = torch.cat([model(x).argmax(-1).eq(y) for x, y in batches])
    finally:
        for name, module in model.named_modules():
            module.training = before[name]
    return outcomes.double().mean().item()
