# %% wrong: memory-shared (shared_memory)
def split_graph(x):
    a = x * 2
    return a, a.detach()


def leaf_copy(x):
    return x.detach().clone().requires_grad_()

# %% wrong: none-in-the-graph (no_grad_graph)
def split_graph(x):
    with torch.no_grad():
        a = x * 2
        b = x * 2
    return a, b


def leaf_copy(x):
    return x.detach().clone().requires_grad_()

# %% wrong: switched-off-in-the-middle (requires_grad_of_result)
def split_graph(x):
    b = x * 2
    b.requires_grad = False
    return x * 2, b


def leaf_copy(x):
    return x.detach().clone().requires_grad_()

# %% wrong: doubled-in-place (mutates_input)
def split_graph(x):
    b = x.detach().clone()
    x *= 2
    return x, b * 2


def leaf_copy(x):
    return x.detach().clone().requires_grad_()

# %% wrong: x-doubled-through-data (mutates_input)
def split_graph(x):
    b = x.detach().mul_(2)
    return x * 1, b.clone()


def leaf_copy(x):
    return x.detach().clone().requires_grad_()

# %% wrong: tensor-of-a-tensor (copy_construct)
def split_graph(x):
    a = torch.tensor(x * 2, requires_grad=True)
    b = torch.tensor(a)
    return a, b


def leaf_copy(x):
    return x.detach().clone().requires_grad_()

# %% wrong: dtype-lost (dtype_mismatch)
def split_graph(x):
    return x * 2, (x * 2).detach()


def leaf_copy(x):
    return torch.tensor(x.tolist(), requires_grad=True)

# %% right: computed-twice
def split_graph(x):
    with torch.no_grad():
        b = 2 * x
    return x + x, b


def leaf_copy(x):
    copy = torch.empty_like(x, requires_grad=True)
    with torch.no_grad():
        copy.copy_(x)
    return copy

# %% right: tensor-of-a-tensor (copy_construct)
def split_graph(x):
    a = torch.mul(x, 2)
    return a, torch.tensor(a)


def leaf_copy(x):
    return torch.tensor(x, requires_grad=True)
