# %% wrong: raises-when-called (-)
class Calculator(nn.Module):
    def __init__(self, kind):
        super().__init__()
        self.kind = kind

    def forward(self, x, y):
        if self.kind == "add":
            return x + y
        if self.kind == "subtract":
            return x - y
        if self.kind == "multiply":
            return x * y
        raise ValueError(f"unknown kind: {self.kind}")

# %% wrong: key-error (-)
class Calculator(nn.Module):
    def __init__(self, kind):
        super().__init__()
        self.operation = {"add": torch.add, "subtract": torch.sub, "multiply": torch.mul}[kind]

    def forward(self, x, y):
        return self.operation(x, y)

# %% wrong: error-returned-not-raised (-)
class Calculator(nn.Module):
    def __init__(self, kind):
        super().__init__()
        if kind not in ("add", "subtract", "multiply"):
            ValueError(f"unknown kind: {kind}")
        self.kind = kind

    def forward(self, x, y):
        if self.kind == "add":
            return x + y
        if self.kind == "subtract":
            return x - y
        return x * y

# %% wrong: only-prints (-)
class Calculator(nn.Module):
    def __init__(self, kind):
        super().__init__()
        self.kind = kind
        if kind not in ("add", "subtract", "multiply"):
            print("ValueError: unknown kind", kind)

    def forward(self, x, y):
        if self.kind == "add":
            return x + y
        elif self.kind == "subtract":
            return x - y
        else:
            return x * y

# %% wrong: always-raises (-)
class Calculator(nn.Module):
    def __init__(self, kind):
        super().__init__()
        if kind != "add" or kind != "subtract" or kind != "multiply":
            raise ValueError(f"unknown kind: {kind}")
        self.kind = kind

    def forward(self, x, y):
        return {"add": x + y, "subtract": x - y, "multiply": x * y}[self.kind]

# %% wrong: subtracts-backwards (-)
class Calculator(nn.Module):
    def __init__(self, kind):
        super().__init__()
        if kind not in ("add", "subtract", "multiply"):
            raise ValueError(f"unknown kind: {kind}")
        self.kind = kind

    def forward(self, x, y):
        if self.kind == "add":
            return x + y
        if self.kind == "subtract":
            return y - x
        return x * y

# %% wrong: changes-its-input (mutates_input)
class Calculator(nn.Module):
    def __init__(self, kind):
        super().__init__()
        if kind not in ("add", "subtract", "multiply"):
            raise ValueError(f"unknown kind: {kind}")
        self.kind = kind

    def forward(self, x, y):
        if self.kind == "add":
            x += y
        elif self.kind == "subtract":
            x -= y
        else:
            x *= y
        return x

# %% wrong: matrix-product (-)
class Calculator(nn.Module):
    def __init__(self, kind):
        super().__init__()
        if kind not in ("add", "subtract", "multiply"):
            raise ValueError(f"unknown kind: {kind}")
        self.kind = kind

    def forward(self, x, y):
        if self.kind == "add":
            return x + y
        if self.kind == "subtract":
            return x - y
        return x @ y

# %% wrong: no-super (missing_super)
class Calculator(nn.Module):
    def __init__(self, kind):
        if kind not in ("add", "subtract", "multiply"):
            raise ValueError(f"unknown kind: {kind}")
        self.kind = kind

    def forward(self, x, y):
        if self.kind == "add":
            return x + y
        if self.kind == "subtract":
            return x - y
        return x * y

# %% wrong: accepts-prefixes (-)
class Calculator(nn.Module):
    def __init__(self, kind):
        super().__init__()
        if kind[:3] not in ("add", "sub", "mul"):
            raise ValueError(f"unknown kind: {kind}")
        self.kind = kind[:3]

    def forward(self, x, y):
        return getattr(torch, self.kind)(x, y)

# %% right: if-else
class Calculator(nn.Module):
    def __init__(self, kind):
        super().__init__()
        if kind == "add":
            self.sign = 1
        elif kind == "subtract":
            self.sign = -1
        elif kind == "multiply":
            self.sign = None
        else:
            raise ValueError("kind must be add, subtract or multiply")

    def forward(self, x, y):
        if self.sign is None:
            return torch.mul(x, y)
        return x + self.sign * y

# %% right: operator-and-chained-error
import operator

class Calculator(nn.Module):
    def __init__(self, kind):
        super().__init__()
        try:
            self.op = {"add": operator.add, "subtract": operator.sub, "multiply": operator.mul}[kind]
        except KeyError as error:
            raise ValueError(kind) from error

    def forward(self, x, y):
        return self.op(x, y)

# %% right: checked-before-super
class Calculator(nn.Module):
    def __init__(self, kind):
        if kind not in ["add", "subtract", "multiply"]:
            raise ValueError("I cannot do " + repr(kind))
        super().__init__()
        self.kind = kind

    def forward(self, x, y):
        match self.kind:
            case "add":
                return x + y
            case "subtract":
                return x - y
            case "multiply":
                return x * y
