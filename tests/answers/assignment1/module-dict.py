# %% wrong: plain-dict (list_not_registered)
class Router(nn.Module):
    def __init__(self, names, width):
        super().__init__()
        self.paths = {name: nn.Linear(width, width) for name in names}

    def forward(self, x, route):
        for name in route:
            x = self.paths[name](x)
        return x

# %% wrong: stored-order (stored_order)
class Router(nn.Module):
    def __init__(self, names, width):
        super().__init__()
        self.paths = nn.ModuleDict({name: nn.Linear(width, width) for name in names})

    def forward(self, x, route):
        for name, layer in self.paths.items():
            if name in route:
                x = layer(x)
        return x

# %% wrong: route-ignored (-)
class Router(nn.Module):
    def __init__(self, names, width):
        super().__init__()
        self.paths = nn.ModuleDict({name: nn.Linear(width, width) for name in names})

    def forward(self, x, route):
        for layer in self.paths.values():
            x = layer(x)
        return x

# %% wrong: each-name-only-once (-)
class Router(nn.Module):
    def __init__(self, names, width):
        super().__init__()
        self.paths = nn.ModuleDict({name: nn.Linear(width, width) for name in names})

    def forward(self, x, route):
        for name in dict.fromkeys(route):
            x = self.paths[name](x)
        return x

# %% wrong: only-the-last-counts (-)
class Router(nn.Module):
    def __init__(self, names, width):
        super().__init__()
        self.paths = nn.ModuleDict({name: nn.Linear(width, width) for name in names})

    def forward(self, x, route):
        out = x
        for name in route:
            out = self.paths[name](x)
        return out

# %% wrong: one-layer-under-every-name (layer_shared)
class Router(nn.Module):
    def __init__(self, names, width):
        super().__init__()
        layer = nn.Linear(width, width)
        self.paths = nn.ModuleDict({name: layer for name in names})

    def forward(self, x, route):
        for name in route:
            x = self.paths[name](x)
        return x

# %% wrong: layer-made-in-forward (layer_created_in_forward)
class Router(nn.Module):
    def __init__(self, names, width):
        super().__init__()
        self.width = width
        self.paths = nn.ModuleDict()

    def forward(self, x, route):
        for name in route:
            self.paths[name] = nn.Linear(self.width, self.width)
            x = self.paths[name](x)
        return x

# %% wrong: route-consumed (mutates_input)
class Router(nn.Module):
    def __init__(self, names, width):
        super().__init__()
        self.paths = nn.ModuleDict({name: nn.Linear(width, width) for name in names})

    def forward(self, x, route):
        while route:
            x = self.paths[route.pop(0)](x)
        return x

# %% wrong: result-not-returned (forward_no_return)
class Router(nn.Module):
    def __init__(self, names, width):
        super().__init__()
        self.paths = nn.ModuleDict({name: nn.Linear(width, width) for name in names})

    def forward(self, x, route):
        for name in route:
            x = self.paths[name](x)

# %% right: filled-by-key
class Router(nn.Module):
    def __init__(self, names, width):
        super().__init__()
        self.paths = nn.ModuleDict()
        for name in names:
            self.paths[name] = nn.Linear(in_features=width, out_features=width)

    def forward(self, x, route):
        for layer in [self.paths[name] for name in route]:
            x = layer(x)
        return x

# %% right: add-module-and-recursion
class Router(nn.Module):
    def __init__(self, names, width):
        super().__init__()
        self.paths = nn.ModuleDict()
        for name in names:
            self.paths.add_module(name, nn.Linear(width, width))

    def forward(self, x, route):
        if len(route) == 0:
            return x
        return self.forward(self.paths[route[0]](x), route[1:])

# %% right: sequential-on-the-fly
class Router(nn.Module):
    def __init__(self, names, width):
        super().__init__()
        self.paths = nn.ModuleDict([(name, nn.Linear(width, width)) for name in names])

    def forward(self, x, route):
        return nn.Sequential(*(self.paths.get_submodule(name) for name in route))(x)
