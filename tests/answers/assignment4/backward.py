# %% wrong: gradients-replaced (grad_overwritten)
class Dense(nn.Module):
    def __init__(self, in_features, out_features):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(out_features, in_features))
        self.bias = nn.Parameter(torch.zeros(out_features))

    def forward(self, x):
        self.x = x
        return x @ self.weight.T + self.bias

    def backward(self, grad):
        for parameter, gradient in ((self.weight, grad.T @ self.x), (self.bias, grad.sum(dim=0))):
            parameter.grad = gradient
        return grad @ self.weight


class Stack(nn.Module):
    def __init__(self, in_features, hidden, out_features):
        super().__init__()
        self.first = Dense(in_features, hidden)
        self.second = Dense(hidden, out_features)

    def forward(self, x):
        self.hidden = torch.tanh(self.first(x))
        return self.second(self.hidden)

    def backward(self, grad):
        return self.first.backward(self.second.backward(grad) * (1 - self.hidden**2))


# %% wrong: mean-over-the-batch (loss_averaged)
class Dense(nn.Module):
    def __init__(self, in_features, out_features):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(out_features, in_features))
        self.bias = nn.Parameter(torch.zeros(out_features))

    def forward(self, x):
        self.x = x
        return x @ self.weight.T + self.bias

    def backward(self, grad):
        for parameter, gradient in ((self.weight, grad.T @ self.x), (self.bias, grad.mean(dim=0))):
            parameter.grad = gradient if parameter.grad is None else parameter.grad + gradient
        return grad @ self.weight


class Stack(nn.Module):
    def __init__(self, in_features, hidden, out_features):
        super().__init__()
        self.first = Dense(in_features, hidden)
        self.second = Dense(hidden, out_features)

    def forward(self, x):
        self.hidden = torch.tanh(self.first(x))
        return self.second(self.hidden)

    def backward(self, grad):
        return self.first.backward(self.second.backward(grad) * (1 - self.hidden**2))


# %% wrong: bias-summed-over-everything (wrong_dim)
class Dense(nn.Module):
    def __init__(self, in_features, out_features):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(out_features, in_features))
        self.bias = nn.Parameter(torch.zeros(out_features))

    def forward(self, x):
        self.x = x
        return x @ self.weight.T + self.bias

    def backward(self, grad):
        for parameter, gradient in ((self.weight, grad.T @ self.x), (self.bias, grad.sum())):
            parameter.grad = gradient if parameter.grad is None else parameter.grad + gradient
        return grad @ self.weight


class Stack(nn.Module):
    def __init__(self, in_features, hidden, out_features):
        super().__init__()
        self.first = Dense(in_features, hidden)
        self.second = Dense(hidden, out_features)

    def forward(self, x):
        self.hidden = torch.tanh(self.first(x))
        return self.second(self.hidden)

    def backward(self, grad):
        return self.first.backward(self.second.backward(grad) * (1 - self.hidden**2))


# %% wrong: nothing-handed-on (result_not_returned)
class Dense(nn.Module):
    def __init__(self, in_features, out_features):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(out_features, in_features))
        self.bias = nn.Parameter(torch.zeros(out_features))

    def forward(self, x):
        self.x = x
        return x @ self.weight.T + self.bias

    def backward(self, grad):
        for parameter, gradient in ((self.weight, grad.T @ self.x), (self.bias, grad.sum(dim=0))):
            parameter.grad = gradient if parameter.grad is None else parameter.grad + gradient


class Stack(nn.Module):
    def __init__(self, in_features, hidden, out_features):
        super().__init__()
        self.first = Dense(in_features, hidden)
        self.second = Dense(hidden, out_features)

    def forward(self, x):
        self.hidden = torch.tanh(self.first(x))
        return self.second(self.hidden)

    def backward(self, grad):
        return self.first.backward(self.second.backward(grad) * (1 - self.hidden**2))


# %% wrong: incoming-gradient-ignored (-)
class Dense(nn.Module):
    def __init__(self, in_features, out_features):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(out_features, in_features))
        self.bias = nn.Parameter(torch.zeros(out_features))

    def forward(self, x):
        self.x = x
        return x @ self.weight.T + self.bias

    def backward(self, grad):
        for parameter, gradient in ((self.weight, torch.ones_like(grad).T @ self.x), (self.bias, grad.sum(dim=0))):
            parameter.grad = gradient if parameter.grad is None else parameter.grad + gradient
        return grad @ self.weight


class Stack(nn.Module):
    def __init__(self, in_features, hidden, out_features):
        super().__init__()
        self.first = Dense(in_features, hidden)
        self.second = Dense(hidden, out_features)

    def forward(self, x):
        self.hidden = torch.tanh(self.first(x))
        return self.second(self.hidden)

    def backward(self, grad):
        return self.first.backward(self.second.backward(grad) * (1 - self.hidden**2))


# %% wrong: kept-on-the-class (-)
class Dense(nn.Module):
    def __init__(self, in_features, out_features):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(out_features, in_features))
        self.bias = nn.Parameter(torch.zeros(out_features))

    def forward(self, x):
        Dense.x = x
        return x @ self.weight.T + self.bias

    def backward(self, grad):
        for parameter, gradient in ((self.weight, grad.T @ Dense.x), (self.bias, grad.sum(dim=0))):
            parameter.grad = gradient if parameter.grad is None else parameter.grad + gradient
        return grad @ self.weight


class Stack(nn.Module):
    def __init__(self, in_features, hidden, out_features):
        super().__init__()
        self.first = Dense(in_features, hidden)
        self.second = Dense(hidden, out_features)

    def forward(self, x):
        self.hidden = torch.tanh(self.first(x))
        return self.second(self.hidden)

    def backward(self, grad):
        return self.first.backward(self.second.backward(grad) * (1 - self.hidden**2))


# %% wrong: input-kept-once (shape_mismatch)
class Dense(nn.Module):
    def __init__(self, in_features, out_features):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(out_features, in_features))
        self.bias = nn.Parameter(torch.zeros(out_features))

    def forward(self, x):
        self.x = getattr(self, "x", x)
        return x @ self.weight.T + self.bias

    def backward(self, grad):
        for parameter, gradient in ((self.weight, grad.T @ self.x), (self.bias, grad.sum(dim=0))):
            parameter.grad = gradient if parameter.grad is None else parameter.grad + gradient
        return grad @ self.weight


class Stack(nn.Module):
    def __init__(self, in_features, hidden, out_features):
        super().__init__()
        self.first = Dense(in_features, hidden)
        self.second = Dense(hidden, out_features)

    def forward(self, x):
        self.hidden = torch.tanh(self.first(x))
        return self.second(self.hidden)

    def backward(self, grad):
        return self.first.backward(self.second.backward(grad) * (1 - self.hidden**2))


# %% wrong: weight-not-transposed (-)
class Dense(nn.Module):
    def __init__(self, in_features, out_features):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(out_features, in_features))
        self.bias = nn.Parameter(torch.zeros(out_features))

    def forward(self, x):
        self.x = x
        return x @ self.weight.T + self.bias

    def backward(self, grad):
        for parameter, gradient in ((self.weight, (self.x.T @ grad)), (self.bias, grad.sum(dim=0))):
            parameter.grad = gradient if parameter.grad is None else parameter.grad + gradient
        return grad @ self.weight


class Stack(nn.Module):
    def __init__(self, in_features, hidden, out_features):
        super().__init__()
        self.first = Dense(in_features, hidden)
        self.second = Dense(hidden, out_features)

    def forward(self, x):
        self.hidden = torch.tanh(self.first(x))
        return self.second(self.hidden)

    def backward(self, grad):
        return self.first.backward(self.second.backward(grad) * (1 - self.hidden**2))


# %% wrong: tanh-forgotten (-)
class Dense(nn.Module):
    def __init__(self, in_features, out_features):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(out_features, in_features))
        self.bias = nn.Parameter(torch.zeros(out_features))

    def forward(self, x):
        self.x = x
        return x @ self.weight.T + self.bias

    def backward(self, grad):
        for parameter, gradient in ((self.weight, grad.T @ self.x), (self.bias, grad.sum(dim=0))):
            parameter.grad = gradient if parameter.grad is None else parameter.grad + gradient
        return grad @ self.weight


class Stack(nn.Module):
    def __init__(self, in_features, hidden, out_features):
        super().__init__()
        self.first = Dense(in_features, hidden)
        self.second = Dense(hidden, out_features)

    def forward(self, x):
        self.hidden = torch.tanh(self.first(x))
        return self.second(self.hidden)

    def backward(self, grad):
        return self.first.backward(self.second.backward(grad))


# %% wrong: square-forgotten (-)
class Dense(nn.Module):
    def __init__(self, in_features, out_features):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(out_features, in_features))
        self.bias = nn.Parameter(torch.zeros(out_features))

    def forward(self, x):
        self.x = x
        return x @ self.weight.T + self.bias

    def backward(self, grad):
        for parameter, gradient in ((self.weight, grad.T @ self.x), (self.bias, grad.sum(dim=0))):
            parameter.grad = gradient if parameter.grad is None else parameter.grad + gradient
        return grad @ self.weight


class Stack(nn.Module):
    def __init__(self, in_features, hidden, out_features):
        super().__init__()
        self.first = Dense(in_features, hidden)
        self.second = Dense(hidden, out_features)

    def forward(self, x):
        self.hidden = torch.tanh(self.first(x))
        return self.second(self.hidden)

    def backward(self, grad):
        return self.first.backward(self.second.backward(grad) * (1 - self.hidden))


# %% wrong: derivative-of-the-input (-)
class Dense(nn.Module):
    def __init__(self, in_features, out_features):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(out_features, in_features))
        self.bias = nn.Parameter(torch.zeros(out_features))

    def forward(self, x):
        self.x = x
        return x @ self.weight.T + self.bias

    def backward(self, grad):
        for parameter, gradient in ((self.weight, grad.T @ self.x), (self.bias, grad.sum(dim=0))):
            parameter.grad = gradient if parameter.grad is None else parameter.grad + gradient
        return grad @ self.weight


class Stack(nn.Module):
    def __init__(self, in_features, hidden, out_features):
        super().__init__()
        self.first = Dense(in_features, hidden)
        self.second = Dense(hidden, out_features)

    def forward(self, x):
        self.hidden = torch.tanh(self.first(x))
        return self.second(self.hidden)

    def backward(self, grad):
        return self.first.backward(self.second.backward(grad) * (1 - self.first(self.first.x) ** 2))


# %% wrong: forward-order (-)
class Dense(nn.Module):
    def __init__(self, in_features, out_features):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(out_features, in_features))
        self.bias = nn.Parameter(torch.zeros(out_features))

    def forward(self, x):
        self.x = x
        return x @ self.weight.T + self.bias

    def backward(self, grad):
        for parameter, gradient in ((self.weight, grad.T @ self.x), (self.bias, grad.sum(dim=0))):
            parameter.grad = gradient if parameter.grad is None else parameter.grad + gradient
        return grad @ self.weight


class Stack(nn.Module):
    def __init__(self, in_features, hidden, out_features):
        super().__init__()
        self.first = Dense(in_features, hidden)
        self.second = Dense(hidden, out_features)

    def forward(self, x):
        self.hidden = torch.tanh(self.first(x))
        return self.second(self.hidden)

    def backward(self, grad):
        return self.second.backward(self.first.backward(grad) * (1 - self.hidden**2))


# %% wrong: autograd-does-it (-)
class Dense(nn.Module):
    def __init__(self, in_features, out_features):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(out_features, in_features))
        self.bias = nn.Parameter(torch.zeros(out_features))

    def forward(self, x):
        self.x = x.detach().clone().requires_grad_()
        with torch.enable_grad():
            self.output = self.x @ self.weight.T + self.bias
        return self.output.detach()

    def backward(self, grad):
        found = torch.autograd.grad(self.output, [self.x, self.weight, self.bias], grad)
        for parameter, gradient in zip((self.weight, self.bias), found[1:]):
            parameter.grad = gradient if parameter.grad is None else parameter.grad + gradient
        return found[0]


class Stack(nn.Module):
    def __init__(self, in_features, hidden, out_features):
        super().__init__()
        self.first = Dense(in_features, hidden)
        self.second = Dense(hidden, out_features)

    def forward(self, x):
        self.hidden = torch.tanh(self.first(x))
        return self.second(self.hidden)

    def backward(self, grad):
        return self.first.backward(self.second.backward(grad) * (1 - self.hidden**2))


# %% right: zeros-at-first
class Dense(nn.Module):
    def __init__(self, in_features, out_features):
        super().__init__()
        self.weight = nn.Parameter(torch.empty(out_features, in_features).uniform_(-1, 1))
        self.bias = nn.Parameter(torch.rand(out_features))
        self.kept = None

    def forward(self, x):
        self.kept = x.clone()
        return torch.addmm(self.bias, x, self.weight.t())

    def backward(self, grad):
        if self.weight.grad is None:
            self.weight.grad = torch.zeros_like(self.weight)
        if self.bias.grad is None:
            self.bias.grad = torch.zeros_like(self.bias)
        self.weight.grad += torch.einsum("no,ni->oi", grad, self.kept)
        self.bias.grad += torch.sum(grad, 0)
        return torch.mm(grad, self.weight)


class Stack(nn.Module):
    def __init__(self, in_features, hidden, out_features):
        super().__init__()
        self.first = Dense(in_features, hidden)
        self.second = Dense(hidden, out_features)

    def forward(self, x):
        self.t = self.first(x).tanh()
        return self.second(self.t)

    def backward(self, grad):
        grad = self.second.backward(grad)
        grad = grad - grad * self.t * self.t
        return self.first.backward(grad)


# %% right: a-tanh-layer-of-its-own
class Dense(nn.Module):
    def __init__(self, in_features, out_features):
        super().__init__()
        layer = nn.Linear(in_features, out_features)
        self.weight, self.bias = layer.weight, layer.bias

    def forward(self, x):
        self.inputs = x
        return nn.functional.linear(x, self.weight, self.bias)

    def accumulate(self, parameter, gradient):
        if parameter.grad is None:
            parameter.grad = gradient
        else:
            parameter.grad.add_(gradient)

    def backward(self, grad):
        self.accumulate(self.weight, (self.inputs.T @ grad).T)
        self.accumulate(self.bias, grad.T.sum(dim=1))
        return (self.weight.T @ grad.T).T


class Tanh(nn.Module):
    def forward(self, x):
        self.x = x
        return torch.tanh(x)

    def backward(self, grad):
        return grad / torch.cosh(self.x) ** 2


class Stack(nn.Module):
    def __init__(self, in_features, hidden, out_features):
        super().__init__()
        self.first = Dense(in_features, hidden)
        self.act = Tanh()
        self.second = Dense(hidden, out_features)
        self.order = [self.first, self.act, self.second]

    def forward(self, x):
        for layer in self.order:
            x = layer(x)
        return x

    def backward(self, grad):
        for layer in reversed(self.order):
            grad = layer.backward(grad)
        return grad


# %% right: outer-products-row-by-row
class Dense(nn.Module):
    def __init__(self, in_features, out_features):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(out_features, in_features) * 0.1)
        self.bias = nn.Parameter(torch.zeros(out_features))

    def forward(self, x):
        self.rows = list(x)
        return torch.stack([self.weight @ row + self.bias for row in x])

    def backward(self, grad):
        weight = sum(torch.outer(g, row) for g, row in zip(grad, self.rows))
        bias = sum(g for g in grad)
        self.weight.grad = weight + (0 if self.weight.grad is None else self.weight.grad)
        self.bias.grad = bias + (0 if self.bias.grad is None else self.bias.grad)
        return torch.stack([g @ self.weight for g in grad])


class Stack(nn.Module):
    def __init__(self, in_features, hidden, out_features):
        super().__init__()
        self.first = Dense(in_features, hidden)
        self.second = Dense(hidden, out_features)

    def forward(self, x):
        self.hidden = torch.tanh(self.first(x))
        return self.second(self.hidden)

    def backward(self, grad):
        return self.first.backward(self.second.backward(grad) * (1 - self.hidden**2))
