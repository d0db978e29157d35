# %% wrong: square-only (-)
def diagonals(x):
    channels, height, width = x.shape
    index = torch.arange(height).view(1, height, 1).expand(channels, height, 1)
    return torch.gather(x, 2, index).squeeze(2)


def columns(x, order):
    return torch.index_select(x, 2, order)


# %% wrong: dimension-left-over (dimension_of_one)
def diagonals(x):
    channels, height, width = x.shape
    size = min(height, width)
    index = torch.arange(size).view(1, size, 1).expand(channels, size, 1)
    return x.gather(2, index)


def columns(x, order):
    return torch.index_select(x, 2, order)


# %% wrong: all-squeezed (dimension_of_one)
def diagonals(x):
    channels, height, width = x.shape
    size = min(height, width)
    index = torch.arange(size).view(1, size, 1).expand(channels, size, 1)
    return x.gather(2, index).squeeze()


def columns(x, order):
    return torch.index_select(x, 2, order)


# %% wrong: first-matrix-only (-)
def diagonals(x):
    size = min(x.shape[1:])
    index = torch.arange(size).view(1, size, 1)
    return torch.gather(x, 2, index).squeeze(2)


def columns(x, order):
    return torch.index_select(x, 2, order)


# %% wrong: without-gather (-)
def diagonals(x):
    return torch.diagonal(x, dim1=1, dim2=2)


def columns(x, order):
    return torch.index_select(x, 2, order)


# %% wrong: rows-in-the-place-of-columns (-)
def diagonals(x):
    channels, height, width = x.shape
    size = min(height, width)
    index = torch.arange(size).view(1, size, 1).expand(channels, size, 1)
    return x.gather(2, index).squeeze(2)


def columns(x, order):
    return torch.index_select(x, 1, order)


# %% wrong: columns-sorted (-)
def diagonals(x):
    channels, height, width = x.shape
    size = min(height, width)
    index = torch.arange(size).view(1, size, 1).expand(channels, size, 1)
    return x.gather(2, index).squeeze(2)


def columns(x, order):
    return torch.index_select(x, 2, order.sort().values)


# %% wrong: mask-in-the-place-of-an-index (-)
def diagonals(x):
    channels, height, width = x.shape
    size = min(height, width)
    index = torch.arange(size).view(1, size, 1).expand(channels, size, 1)
    return x.gather(2, index).squeeze(2)


def columns(x, order):
    chosen = torch.zeros(x.shape[2], dtype=torch.bool)
    chosen[order] = True
    return x[:, :, chosen]


# %% right: along-the-rows
def diagonals(x):
    c, h, w = x.size()
    n = h if h < w else w
    index = torch.arange(n).repeat(c, 1).unsqueeze(1)
    return torch.gather(x, dim=1, index=index)[:, 0]


def columns(x, order):
    return x[:, :, order]


# %% right: flattened
def diagonals(x):
    number, height, width = x.shape
    n = min(height, width)
    places = torch.arange(n) * (width + 1)
    return x.reshape(number, -1).gather(1, places.expand(number, n))


def columns(x, order):
    return x.index_select(-1, order)


# %% right: square-index
def diagonals(x):
    size = min(x.shape[1], x.shape[2])
    square = x[:, :size, :size]
    index = torch.zeros(x.shape[0], size, 1, dtype=torch.long)
    for i in range(size):
        index[:, i] = i
    return torch.squeeze(torch.gather(square, -1, index), dim=-1)


def columns(x, order):
    return torch.stack([x[:, :, i] for i in order.tolist()], dim=2)
