# %% wrong: plain-attribute (buffer_as_attr)
class RunningMean(nn.Module):
    def __init__(self, features, momentum=0.1):
        super().__init__()
        self.momentum = momentum
        self.mean = torch.zeros(features)

    def forward(self, x):
        if self.training:
            self.mean = (1 - self.momentum) * self.mean + self.momentum * x.detach().mean(0)
        return x - self.mean

# %% wrong: not-saved (buffer_not_persistent)
class RunningMean(nn.Module):
    def __init__(self, features, momentum=0.1):
        super().__init__()
        self.momentum = momentum
        self.register_buffer("mean", torch.zeros(features), persistent=False)

    def forward(self, x):
        if self.training:
            self.mean = (1 - self.momentum) * self.mean + self.momentum * x.detach().mean(0)
        return x - self.mean

# %% wrong: momentum-the-other-way-round (-)
class RunningMean(nn.Module):
    def __init__(self, features, momentum=0.1):
        super().__init__()
        self.momentum = momentum
        self.register_buffer("mean", torch.zeros(features))

    def forward(self, x):
        if self.training:
            self.mean = self.momentum * self.mean + (1 - self.momentum) * x.detach().mean(0)
        return x - self.mean

# %% wrong: updates-in-eval-too (training_ignored)
class RunningMean(nn.Module):
    def __init__(self, features, momentum=0.1):
        super().__init__()
        self.momentum = momentum
        self.register_buffer("mean", torch.zeros(features))

    def forward(self, x):
        self.mean = (1 - self.momentum) * self.mean + self.momentum * x.detach().mean(0)
        return x - self.mean

# %% wrong: graph-kept-in-the-buffer (graph_kept)
class RunningMean(nn.Module):
    def __init__(self, features, momentum=0.1):
        super().__init__()
        self.momentum = momentum
        self.register_buffer("mean", torch.zeros(features))

    def forward(self, x):
        if self.training:
            self.mean = (1 - self.momentum) * self.mean + self.momentum * x.mean(dim=0)
        return x - self.mean

# %% wrong: subtracts-the-old-mean (-)
class RunningMean(nn.Module):
    def __init__(self, features, momentum=0.1):
        super().__init__()
        self.momentum = momentum
        self.register_buffer("mean", torch.zeros(features))

    def forward(self, x):
        out = x - self.mean
        if self.training:
            self.mean = (1 - self.momentum) * self.mean + self.momentum * x.detach().mean(0)
        return out

# %% wrong: mean-of-everything (wrong_dim)
class RunningMean(nn.Module):
    def __init__(self, features, momentum=0.1):
        super().__init__()
        self.momentum = momentum
        self.register_buffer("mean", torch.zeros(features))

    def forward(self, x):
        if self.training:
            self.mean = (1 - self.momentum) * self.mean + self.momentum * x.detach().mean()
        return x - self.mean

# %% wrong: mean-along-the-wrong-dimension (wrong_dim)
class RunningMean(nn.Module):
    def __init__(self, features, momentum=0.1):
        super().__init__()
        self.momentum = momentum
        self.register_buffer("mean", torch.zeros(features))

    def forward(self, x):
        if self.training:
            self.mean = (1 - self.momentum) * self.mean + self.momentum * x.detach().mean(dim=1)
        return x - self.mean

# %% wrong: batch-mean-in-training (-)
class RunningMean(nn.Module):
    def __init__(self, features, momentum=0.1):
        super().__init__()
        self.momentum = momentum
        self.register_buffer("mean", torch.zeros(features))

    def forward(self, x):
        if self.training:
            batch = x.detach().mean(0)
            self.mean = (1 - self.momentum) * self.mean + self.momentum * batch
            return x - batch
        return x - self.mean

# %% wrong: mean-is-a-parameter (buffer_as_parameter)
class RunningMean(nn.Module):
    def __init__(self, features, momentum=0.1):
        super().__init__()
        self.momentum = momentum
        self.mean = nn.Parameter(torch.zeros(features), requires_grad=False)

    def forward(self, x):
        if self.training:
            self.mean.data = (1 - self.momentum) * self.mean + self.momentum * x.detach().mean(0)
        return x - self.mean

# %% wrong: whole-forward-without-gradients (no_grad_graph)
class RunningMean(nn.Module):
    def __init__(self, features, momentum=0.1):
        super().__init__()
        self.momentum = momentum
        self.register_buffer("mean", torch.zeros(features))

    @torch.no_grad()
    def forward(self, x):
        if self.training:
            self.mean = (1 - self.momentum) * self.mean + self.momentum * x.mean(0)
        return x - self.mean

# %% wrong: keeps-the-batch-dimension (dimension_of_one)
class RunningMean(nn.Module):
    def __init__(self, features, momentum=0.1):
        super().__init__()
        self.momentum = momentum
        self.register_buffer("mean", torch.zeros(1, features))

    def forward(self, x):
        if self.training:
            self.mean = (1 - self.momentum) * self.mean + self.momentum * x.detach().mean(0, keepdim=True)
        return x - self.mean

# %% wrong: changes-its-input (mutates_input)
class RunningMean(nn.Module):
    def __init__(self, features, momentum=0.1):
        super().__init__()
        self.momentum = momentum
        self.register_buffer("mean", torch.zeros(features))

    def forward(self, x):
        if self.training:
            self.mean = (1 - self.momentum) * self.mean + self.momentum * x.detach().mean(0)
        x -= self.mean
        return x

# %% right: lerp-in-place
class RunningMean(nn.Module):
    def __init__(self, features, momentum=0.1):
        super().__init__()
        self.momentum = momentum
        self.register_buffer("mean", torch.zeros(features))

    def forward(self, x):
        if self.training:
            with torch.no_grad():
                self.mean.lerp_(x.mean(dim=0), self.momentum)
        return x - self.mean

# %% right: helper-without-gradients
class RunningMean(nn.Module):
    def __init__(self, features, momentum=0.1):
        super().__init__()
        self.keep = 1 - momentum
        self.take = momentum
        self.register_buffer("mean", torch.zeros((features,), dtype=torch.float32))

    @torch.no_grad()
    def update(self, x):
        self.mean.mul_(self.keep).add_(x.sum(0) / x.shape[0], alpha=self.take)

    def forward(self, x):
        if not self.training:
            return torch.sub(x, self.mean)
        self.update(x)
        return torch.sub(x, self.mean)

# %% right: detached-and-copied
class RunningMean(nn.Module):
    def __init__(self, features, momentum=0.1):
        super().__init__()
        self.mean = nn.Buffer(torch.zeros(features))
        self.momentum = momentum

    def forward(self, x):
        if self.training:
            step = torch.mean(x, 0) - self.mean
            self.mean.copy_((self.mean + self.momentum * step).detach())
        return x - self.mean.expand_as(x)
