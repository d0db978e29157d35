# %% wrong: offset-plain-tensor (buffer_as_attr)
class Mixed(nn.Module):
    def __init__(self, size):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(size))
        self.offset = torch.zeros(size)
        self.scale = torch.full((size,), 2.0)

    def forward(self, x):
        return self.weight * x * self.scale + self.offset

# %% wrong: offset-not-saved (buffer_not_persistent)
class Mixed(nn.Module):
    def __init__(self, size):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(size))
        self.register_buffer("offset", torch.zeros(size), persistent=False)
        self.scale = torch.full((size,), 2.0)

    def forward(self, x):
        return self.weight * x * self.scale + self.offset

# %% wrong: weight-plain-tensor (tensor_instead_of_parameter)
class Mixed(nn.Module):
    def __init__(self, size):
        super().__init__()
        self.weight = torch.ones(size, requires_grad=True)
        self.register_buffer("offset", torch.zeros(size))
        self.scale = torch.full((size,), 2.0)

    def forward(self, x):
        return self.weight * x * self.scale + self.offset

# %% wrong: weight-computed-after-wrapping (parameter_then_op)
class Mixed(nn.Module):
    def __init__(self, size):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(size)) + 1
        self.register_buffer("offset", torch.zeros(size))
        self.scale = torch.full((size,), 2.0)

    def forward(self, x):
        return self.weight * x * self.scale + self.offset

# %% wrong: scale-is-a-parameter (registered_tensor)
class Mixed(nn.Module):
    def __init__(self, size):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(size))
        self.register_buffer("offset", torch.zeros(size))
        self.scale = nn.Parameter(torch.full((size,), 2.0))

    def forward(self, x):
        return self.weight * x * self.scale + self.offset

# %% wrong: scale-is-a-buffer (registered_tensor)
class Mixed(nn.Module):
    def __init__(self, size):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(size))
        self.register_buffer("offset", torch.zeros(size))
        self.register_buffer("scale", torch.full((size,), 2.0))

    def forward(self, x):
        return self.weight * x * self.scale + self.offset

# %% wrong: offset-is-a-frozen-parameter (buffer_as_parameter)
class Mixed(nn.Module):
    def __init__(self, size):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(size))
        self.offset = nn.Parameter(torch.zeros(size), requires_grad=False)
        self.scale = torch.full((size,), 2.0)

    def forward(self, x):
        return self.weight * x * self.scale + self.offset

# %% wrong: offset-never-added (-)
class Mixed(nn.Module):
    def __init__(self, size):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(size))
        self.register_buffer("offset", torch.zeros(size))
        self.scale = torch.full((size,), 2.0)

    def forward(self, x):
        return self.weight * x * self.scale

# %% wrong: offset-scaled-too (-)
class Mixed(nn.Module):
    def __init__(self, size):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(size))
        self.register_buffer("offset", torch.zeros(size))
        self.scale = torch.full((size,), 2.0)

    def forward(self, x):
        return self.weight * (x + self.offset) * self.scale

# %% wrong: one-number-each (argument_unused_in_function)
class Mixed(nn.Module):
    def __init__(self, size):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(1))
        self.register_buffer("offset", torch.zeros(1))
        self.scale = torch.full((1,), 2.0)

    def forward(self, x):
        return self.weight * x * self.scale + self.offset

# %% right: register-everything-by-name
class Mixed(nn.Module):
    def __init__(self, size):
        super().__init__()
        self.register_buffer("offset", torch.full((size,), 0.0))
        self.register_parameter("weight", nn.Parameter(torch.full((size,), 1.0)))
        setattr(self, "scale", 2 * torch.ones(size))

    def forward(self, x):
        return torch.addcmul(self.offset, self.weight * x, self.scale)

# %% right: buffer-class
class Mixed(nn.Module):
    def __init__(self, size):
        super().__init__()
        self.weight = nn.Parameter(torch.empty(size))
        nn.init.ones_(self.weight)
        self.offset = nn.Buffer(torch.zeros(size))
        self.scale = torch.tensor([2.0] * size)

    def forward(self, x):
        scaled = x * self.weight * self.scale
        return scaled + self.get_buffer("offset")
