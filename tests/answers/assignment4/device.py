# %% wrong: ramp-on-the-cpu (devices_mixed)
class Ramp(nn.Module):
    def forward(self, x):
        return x + torch.linspace(0, 1, x.shape[1])


def padding_mask(lengths, size):
    return torch.arange(size, device=lengths.device) < lengths.unsqueeze(1)


def second_difference(n, device=None, dtype=None):
    matrix = torch.zeros(n, n, device=device, dtype=dtype)
    matrix.diagonal().fill_(2)
    matrix.diagonal(1).fill_(-1)
    matrix.diagonal(-1).fill_(-1)
    return matrix


# %% wrong: ramp-without-a-dtype (-)
class Ramp(nn.Module):
    def forward(self, x):
        return x + torch.linspace(0, 1, x.shape[1], device=x.device)


def padding_mask(lengths, size):
    return torch.arange(size, device=lengths.device) < lengths.unsqueeze(1)


def second_difference(n, device=None, dtype=None):
    matrix = torch.zeros(n, n, device=device, dtype=dtype)
    matrix.diagonal().fill_(2)
    matrix.diagonal(1).fill_(-1)
    matrix.diagonal(-1).fill_(-1)
    return matrix


# %% wrong: ramp-without-a-device (devices_mixed)
class Ramp(nn.Module):
    def forward(self, x):
        return x + torch.linspace(0, 1, x.shape[1], dtype=x.dtype)


def padding_mask(lengths, size):
    return torch.arange(size, device=lengths.device) < lengths.unsqueeze(1)


def second_difference(n, device=None, dtype=None):
    matrix = torch.zeros(n, n, device=device, dtype=dtype)
    matrix.diagonal().fill_(2)
    matrix.diagonal(1).fill_(-1)
    matrix.diagonal(-1).fill_(-1)
    return matrix


# %% wrong: ramp-in-place (mutates_input)
class Ramp(nn.Module):
    def forward(self, x):
        x += torch.linspace(0, 1, x.shape[1], device=x.device, dtype=x.dtype)
        return x


def padding_mask(lengths, size):
    return torch.arange(size, device=lengths.device) < lengths.unsqueeze(1)


def second_difference(n, device=None, dtype=None):
    matrix = torch.zeros(n, n, device=device, dtype=dtype)
    matrix.diagonal().fill_(2)
    matrix.diagonal(1).fill_(-1)
    matrix.diagonal(-1).fill_(-1)
    return matrix


# %% wrong: ramp-cut-to-float32 (-)
class Ramp(nn.Module):
    def forward(self, x):
        return x + torch.linspace(0, 1, x.shape[1]).to(x)


def padding_mask(lengths, size):
    return torch.arange(size, device=lengths.device) < lengths.unsqueeze(1)


def second_difference(n, device=None, dtype=None):
    matrix = torch.zeros(n, n, device=device, dtype=dtype)
    matrix.diagonal().fill_(2)
    matrix.diagonal(1).fill_(-1)
    matrix.diagonal(-1).fill_(-1)
    return matrix


# %% wrong: ramp-without-its-end (-)
class Ramp(nn.Module):
    def forward(self, x):
        n = x.shape[1]
        return x + torch.arange(n, device=x.device, dtype=x.dtype) / n


def padding_mask(lengths, size):
    return torch.arange(size, device=lengths.device) < lengths.unsqueeze(1)


def second_difference(n, device=None, dtype=None):
    matrix = torch.zeros(n, n, device=device, dtype=dtype)
    matrix.diagonal().fill_(2)
    matrix.diagonal(1).fill_(-1)
    matrix.diagonal(-1).fill_(-1)
    return matrix


# %% wrong: ramp-in-a-buffer (registered_tensor)
class Ramp(nn.Module):
    def __init__(self):
        super().__init__()
        self.register_buffer("ramp", torch.linspace(0, 1, 5))

    def forward(self, x):
        return x + self.ramp


def padding_mask(lengths, size):
    return torch.arange(size, device=lengths.device) < lengths.unsqueeze(1)


def second_difference(n, device=None, dtype=None):
    matrix = torch.zeros(n, n, device=device, dtype=dtype)
    matrix.diagonal().fill_(2)
    matrix.diagonal(1).fill_(-1)
    matrix.diagonal(-1).fill_(-1)
    return matrix


# %% wrong: mask-on-the-cpu (devices_mixed)
class Ramp(nn.Module):
    def forward(self, x):
        return x + torch.linspace(0, 1, x.shape[1], device=x.device, dtype=x.dtype)


def padding_mask(lengths, size):
    return torch.arange(size) < lengths.unsqueeze(1)


def second_difference(n, device=None, dtype=None):
    matrix = torch.zeros(n, n, device=device, dtype=dtype)
    matrix.diagonal().fill_(2)
    matrix.diagonal(1).fill_(-1)
    matrix.diagonal(-1).fill_(-1)
    return matrix


# %% wrong: mask-by-a-loop (-)
class Ramp(nn.Module):
    def forward(self, x):
        return x + torch.linspace(0, 1, x.shape[1], device=x.device, dtype=x.dtype)


def padding_mask(lengths, size):
    mask = torch.zeros(len(lengths), size, dtype=torch.bool)
    for row, length in zip(mask, lengths.tolist()):
        row[:length] = True
    return mask.to(lengths.device)


def second_difference(n, device=None, dtype=None):
    matrix = torch.zeros(n, n, device=device, dtype=dtype)
    matrix.diagonal().fill_(2)
    matrix.diagonal(1).fill_(-1)
    matrix.diagonal(-1).fill_(-1)
    return matrix


# %% wrong: mask-one-longer (-)
class Ramp(nn.Module):
    def forward(self, x):
        return x + torch.linspace(0, 1, x.shape[1], device=x.device, dtype=x.dtype)


def padding_mask(lengths, size):
    return torch.arange(size, device=lengths.device) <= lengths.unsqueeze(1)


def second_difference(n, device=None, dtype=None):
    matrix = torch.zeros(n, n, device=device, dtype=dtype)
    matrix.diagonal().fill_(2)
    matrix.diagonal(1).fill_(-1)
    matrix.diagonal(-1).fill_(-1)
    return matrix


# %% wrong: mask-of-numbers (dtype_mismatch)
class Ramp(nn.Module):
    def forward(self, x):
        return x + torch.linspace(0, 1, x.shape[1], device=x.device, dtype=x.dtype)


def padding_mask(lengths, size):
    return (torch.arange(size, device=lengths.device) < lengths.unsqueeze(1)).long()


def second_difference(n, device=None, dtype=None):
    matrix = torch.zeros(n, n, device=device, dtype=dtype)
    matrix.diagonal().fill_(2)
    matrix.diagonal(1).fill_(-1)
    matrix.diagonal(-1).fill_(-1)
    return matrix


# %% wrong: maker-forgets-both (dtype_mismatch)
class Ramp(nn.Module):
    def forward(self, x):
        return x + torch.linspace(0, 1, x.shape[1], device=x.device, dtype=x.dtype)


def padding_mask(lengths, size):
    return torch.arange(size, device=lengths.device) < lengths.unsqueeze(1)


def second_difference(n, device=None, dtype=None):
    matrix = torch.zeros(n, n)
    matrix.diagonal().fill_(2)
    matrix.diagonal(1).fill_(-1)
    matrix.diagonal(-1).fill_(-1)
    return matrix


# %% wrong: maker-without-a-dtype (dtype_mismatch)
class Ramp(nn.Module):
    def forward(self, x):
        return x + torch.linspace(0, 1, x.shape[1], device=x.device, dtype=x.dtype)


def padding_mask(lengths, size):
    return torch.arange(size, device=lengths.device) < lengths.unsqueeze(1)


def second_difference(n, device=None, dtype=None):
    matrix = torch.zeros(n, n, device=device)
    matrix.diagonal().fill_(2)
    matrix.diagonal(1).fill_(-1)
    matrix.diagonal(-1).fill_(-1)
    return matrix


# %% wrong: maker-one-piece-elsewhere (dtype_mismatch)
class Ramp(nn.Module):
    def forward(self, x):
        return x + torch.linspace(0, 1, x.shape[1], device=x.device, dtype=x.dtype)


def padding_mask(lengths, size):
    return torch.arange(size, device=lengths.device) < lengths.unsqueeze(1)


def second_difference(n, device=None, dtype=None):
    beside = torch.diag(torch.ones(n - 1), 1)
    return 2 * torch.eye(n, device=device, dtype=dtype) - beside - beside.T


# %% right: created-like-x
class Ramp(nn.Module):
    def forward(self, x):
        length = x.size(-1)
        steps = torch.arange(length, dtype=x.dtype, device=x.device)
        return steps / max(length - 1, 1) + x


def padding_mask(lengths, size):
    row = torch.ones_like(lengths)[:, None].repeat(1, size).cumsum(dim=1)
    return row <= lengths[:, None]


def second_difference(n, device=None, dtype=None):
    eye = torch.eye(n, device=device, dtype=dtype)
    above = torch.diag(torch.ones(n - 1, device=device, dtype=dtype), 1)
    return 2 * eye - above - above.T


# %% right: moved-with-to
class Ramp(nn.Module):
    def __init__(self):
        super().__init__()

    def forward(self, x):
        ramp = torch.linspace(0, 1, x.shape[-1], dtype=torch.float64)
        return x + ramp.to(device=x.device, dtype=x.dtype)


def padding_mask(lengths, size):
    places = torch.arange(size).to(lengths.device)
    return places.view(1, -1).lt(lengths.view(-1, 1))


def second_difference(n, device=None, dtype=None):
    if dtype is None:
        dtype = torch.get_default_dtype()
    rows = [[2 if i == j else -1 if abs(i - j) == 1 else 0 for j in range(n)] for i in range(n)]
    return torch.tensor(rows, dtype=dtype, device=device)


# %% right: new-tensors
class Ramp(nn.Module):
    def forward(self, x):
        batch, length = x.shape
        ramp = torch.empty_like(x)
        ramp[:] = torch.linspace(0, 1, length, device=x.device, dtype=x.dtype)
        ramp += x
        return ramp


def padding_mask(lengths, size):
    mask = lengths.new_zeros((lengths.shape[0], size), dtype=torch.bool)
    for j in range(size):
        mask[:, j] = lengths > j
    return mask


def second_difference(n, device=None, dtype=None):
    with torch.device(device if device is not None else "cpu"):
        i = torch.arange(n)
    far = (i[:, None] - i[None, :]).abs()
    result = torch.where(far == 0, 2, torch.where(far == 1, -1, 0))
    return result.to(dtype if dtype is not None else torch.get_default_dtype())
