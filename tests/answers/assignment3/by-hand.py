# %% wrong: two-forgotten (-)
def mse_gradient(w, x, y):
    return x.T @ (x @ w.detach() - y) / len(y)


def mse_autograd(w, x, y):
    leaf = w.detach().clone().requires_grad_()
    return torch.autograd.grad(((x @ leaf - y) ** 2).mean(), leaf)[0]

# %% wrong: autograd-in-both (no_grad_graph)
def mse_autograd(w, x, y):
    leaf = w.detach().clone().requires_grad_()
    return torch.autograd.grad(((x @ leaf - y) ** 2).mean(), leaf)[0]


def mse_gradient(w, x, y):
    return mse_autograd(w, x, y)

# %% wrong: caller-gets-the-gradient (gradient_of_the_caller)
def mse_gradient(w, x, y):
    return 2 / len(y) * x.T @ (x @ w.detach() - y)


def mse_autograd(w, x, y):
    if not w.requires_grad:
        w = w.clone().requires_grad_()
    ((x @ w - y) ** 2).mean().backward()
    return w.grad

# %% wrong: backward-of-a-vector (backward_nonscalar)
def mse_gradient(w, x, y):
    return 2 / len(y) * x.T @ (x @ w.detach() - y)


def mse_autograd(w, x, y):
    leaf = w.detach().clone().requires_grad_()
    ((x @ leaf - y) ** 2).backward()
    return leaf.grad / len(y)

# %% wrong: gradient-of-a-copy (nonleaf_grad)
def mse_gradient(w, x, y):
    return 2 / len(y) * x.T @ (x @ w.detach() - y)


def mse_autograd(w, x, y):
    copy = w.detach().requires_grad_().clone()
    ((x @ copy - y) ** 2).mean().backward()
    return copy.grad

# %% wrong: column-against-row (broadcast_hides)
def mse_gradient(w, x, y):
    return 2 / len(y) * x.T @ (x @ w.detach() - y)


def mse_autograd(w, x, y):
    leaf = w.detach().clone().requires_grad_()
    prediction = x @ leaf.unsqueeze(1)
    return torch.autograd.grad(((prediction - y) ** 2).mean(), leaf)[0]

# %% wrong: single-precision (dtype_mismatch)
def mse_gradient(w, x, y):
    w = torch.tensor(w.tolist())
    return 2 / len(y) * x.T @ (x @ w - y)


def mse_autograd(w, x, y):
    leaf = torch.tensor(w.tolist(), requires_grad=True)
    return torch.autograd.grad(((x @ leaf - y) ** 2).mean(), leaf)[0]

# %% wrong: error-changes-the-targets (mutates_input)
def mse_gradient(w, x, y):
    error = y.sub_(x @ w.detach())
    return -2 / len(y) * x.T @ error


def mse_autograd(w, x, y):
    leaf = w.detach().clone().requires_grad_()
    return torch.autograd.grad(((x @ leaf - y) ** 2).mean(), leaf)[0]

# %% right: under-no-grad-and-backward
@torch.no_grad()
def mse_gradient(w, x, y):
    error = x @ w - y
    return (2 * error.unsqueeze(1) * x).mean(dim=0)


def mse_autograd(w, x, y):
    leaf = torch.empty_like(w, requires_grad=True)
    leaf.data.copy_(w)
    F.mse_loss(x.mv(leaf), y).backward()
    return leaf.grad

# %% right: warning-from-a-copied-tensor (copy_construct)
def mse_gradient(w, x, y):
    with torch.no_grad():
        return 2 * (x.T @ x @ w - x.T @ y) / x.size(0)


def mse_autograd(w, x, y):
    leaf = torch.tensor(w, requires_grad=True)
    ((x @ leaf - y) ** 2).mean().backward()
    return leaf.grad
