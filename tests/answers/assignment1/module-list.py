# %% wrong: plain-list (list_not_registered)
class Tower(nn.Module):
    def __init__(self, width, depth):
        super().__init__()
        self.layers = [nn.Linear(width, width) for _ in range(depth)]

    def forward(self, x):
        for layer in reversed(self.layers):
            x = torch.tanh(layer(x))
        return x

# %% wrong: same-layer-repeated (layer_shared)
class Tower(nn.Module):
    def __init__(self, width, depth):
        super().__init__()
        self.layers = nn.ModuleList([nn.Linear(width, width)] * depth)

    def forward(self, x):
        for layer in reversed(self.layers):
            x = torch.tanh(layer(x))
        return x

# %% wrong: first-to-last (-)
class Tower(nn.Module):
    def __init__(self, width, depth):
        super().__init__()
        self.layers = nn.ModuleList(nn.Linear(width, width) for _ in range(depth))

    def forward(self, x):
        for layer in self.layers:
            x = torch.tanh(layer(x))
        return x

# %% wrong: no-tanh-at-the-end (-)
class Tower(nn.Module):
    def __init__(self, width, depth):
        super().__init__()
        self.layers = nn.ModuleList(nn.Linear(width, width) for _ in range(depth))

    def forward(self, x):
        for i in range(len(self.layers) - 1, -1, -1):
            x = self.layers[i](x)
            if i > 0:
                x = torch.tanh(x)
        return x

# %% wrong: tanh-only-once (-)
class Tower(nn.Module):
    def __init__(self, width, depth):
        super().__init__()
        self.layers = nn.ModuleList(nn.Linear(width, width) for _ in range(depth))

    def forward(self, x):
        for layer in reversed(self.layers):
            x = layer(x)
        return torch.tanh(x)

# %% wrong: layers-made-in-forward (layer_created_in_forward)
class Tower(nn.Module):
    def __init__(self, width, depth):
        super().__init__()
        self.width = width
        self.depth = depth

    def forward(self, x):
        self.layers = nn.ModuleList(nn.Linear(self.width, self.width) for _ in range(self.depth))
        for layer in reversed(self.layers):
            x = torch.tanh(layer(x))
        return x

# %% wrong: list-called-like-a-layer (container_called)
class Tower(nn.Module):
    def __init__(self, width, depth):
        super().__init__()
        self.layers = nn.ModuleList(nn.Linear(width, width) for _ in range(depth))

    def forward(self, x):
        return torch.tanh(self.layers(x))

# %% wrong: stops-before-the-first (-)
class Tower(nn.Module):
    def __init__(self, width, depth):
        super().__init__()
        self.layers = nn.ModuleList(nn.Linear(width, width) for _ in range(depth))

    def forward(self, x):
        for i in range(len(self.layers) - 1, 0, -1):
            x = torch.tanh(self.layers[i](x))
        return x

# %% wrong: returns-inside-the-loop (return_in_loop)
class Tower(nn.Module):
    def __init__(self, width, depth):
        super().__init__()
        self.layers = nn.ModuleList(nn.Linear(width, width) for _ in range(depth))

    def forward(self, x):
        for layer in reversed(self.layers):
            x = torch.tanh(layer(x))
            return x

# %% wrong: no-super (missing_super)
class Tower(nn.Module):
    def __init__(self, width, depth):
        self.layers = nn.ModuleList(nn.Linear(width, width) for _ in range(depth))

    def forward(self, x):
        for layer in reversed(self.layers):
            x = torch.tanh(layer(x))
        return x

# %% right: append-and-slice
class Tower(nn.Module):
    def __init__(self, width, depth):
        super().__init__()
        self.layers = nn.ModuleList()
        for _ in range(depth):
            self.layers.append(nn.Linear(width, width))

    def forward(self, x):
        for layer in self.layers[::-1]:
            x = layer(x).tanh()
        return x

# %% right: index-counts-down
class Tower(nn.Module):
    def __init__(self, width, depth):
        super(Tower, self).__init__()
        self.depth = depth
        self.layers = nn.ModuleList([nn.Linear(width, width) for i in range(depth)])
        self.activation = nn.Tanh()

    def forward(self, x):
        i = self.depth - 1
        while i >= 0:
            x = self.activation(self.layers[i](x))
            i -= 1
        return x

# %% right: reduce-over-setattr
from functools import reduce

class Tower(nn.Module):
    def __init__(self, width, depth):
        super().__init__()
        setattr(self, "layers", nn.ModuleList())
        self.layers.extend(nn.Linear(width, width) for _ in range(depth))

    def forward(self, x):
        return reduce(lambda h, layer: nn.functional.tanh(layer(h)), list(self.layers)[::-1], x)

# %% right: calls-forward-itself
class Tower(nn.Module):
    def __init__(self, width, depth):
        super().__init__()
        self.layers = nn.ModuleList(nn.Linear(width, width) for _ in range(depth))

    def forward(self, x):
        for layer in reversed(self.layers):
            x = torch.tanh(layer.forward(x))
        return x
