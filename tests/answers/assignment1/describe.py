# %% wrong: docstring-as-method (doc_as_method)
class Scale(nn.Module):
    def __init__(self, factor):
        super().__init__()
        self.factor = factor

    def __doc__(self):
        return "Multiply the input by a constant factor."

    def forward(self, x):
        return x * self.factor

    def extra_repr(self):
        return f"factor={self.factor}"

# %% wrong: comment-instead-of-docstring (-)
class Scale(nn.Module):
    # Multiply the input by a constant factor.
    def __init__(self, factor):
        super().__init__()
        self.factor = factor

    def forward(self, x):
        return x * self.factor

    def extra_repr(self):
        return f"factor={self.factor}"

# %% wrong: docstring-on-init (-)
class Scale(nn.Module):
    def __init__(self, factor):
        """Multiply the input by a constant factor."""
        super().__init__()
        self.factor = factor

    def forward(self, x):
        return x * self.factor

    def extra_repr(self):
        return f"factor={self.factor}"

# %% wrong: docstring-too-short (-)
class Scale(nn.Module):
    """Scale."""

    def __init__(self, factor):
        super().__init__()
        self.factor = factor

    def forward(self, x):
        return x * self.factor

    def extra_repr(self):
        return f"factor={self.factor}"

# %% wrong: printed-not-returned (-)
class Scale(nn.Module):
    """Multiply the input by a constant factor."""

    def __init__(self, factor):
        super().__init__()
        self.factor = factor

    def forward(self, x):
        return x * self.factor

    def extra_repr(self):
        print(f"factor={self.factor}")

# %% wrong: name-twice (-)
class Scale(nn.Module):
    """Multiply the input by a constant factor."""

    def __init__(self, factor):
        super().__init__()
        self.factor = factor

    def forward(self, x):
        return x * self.factor

    def extra_repr(self):
        return f"Scale(factor={self.factor})"

# %% wrong: always-two (-)
class Scale(nn.Module):
    """Multiply the input by a constant factor."""

    def __init__(self, factor):
        super().__init__()
        self.factor = factor

    def forward(self, x):
        return x * self.factor

    def extra_repr(self):
        return "factor=2.0"

# %% wrong: extra-repr-misspelt (-)
class Scale(nn.Module):
    """Multiply the input by a constant factor."""

    def __init__(self, factor):
        super().__init__()
        self.factor = factor

    def forward(self, x):
        return x * self.factor

    def extra_repl(self):
        return f"factor={self.factor}"

# %% wrong: changes-its-input (mutates_input)
class Scale(nn.Module):
    """Multiply the input by a constant factor."""

    def __init__(self, factor):
        super().__init__()
        self.factor = factor

    def forward(self, x):
        x *= self.factor
        return x

    def extra_repr(self):
        return f"factor={self.factor}"

# %% wrong: factor-printed-as-tensor (-)
class Scale(nn.Module):
    """Multiply the input by a constant factor."""

    def __init__(self, factor):
        super().__init__()
        self.factor = torch.tensor(factor)

    def forward(self, x):
        return x * self.factor

    def extra_repr(self):
        return f"factor={self.factor!r}"

# %% right: doc-assigned
class Scale(nn.Module):
    __doc__ = "Return the input, multiplied elementwise by factor."

    def __init__(self, factor):
        super().__init__()
        self.by = factor

    def forward(self, x):
        return torch.mul(x, self.by)

    def extra_repr(self) -> str:
        return "factor={!r}".format(self.by)

# %% right: long-docstring
class Scale(nn.Module):
    """A layer without weights.

    It multiplies whatever it is given by one number, and
    leaves the tensor that it was given as it is.

    Args:
        factor: the number to multiply by
    """

    def __init__(self, factor: float):
        super(Scale, self).__init__()
        setattr(self, "factor", factor)

    def extra_repr(self):
        return "factor=" + str(self.factor)

    def forward(self, x):
        result = x.clone()
        return self.factor * result
