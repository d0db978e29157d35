# %% wrong: softmax-in-forward (double_softmax)
class Classifier(nn.Module):
    def __init__(self, features, hidden, classes):
        super().__init__()
        self.hidden = nn.Linear(features, hidden)
        self.output = nn.Linear(hidden, classes)

    def forward(self, x):
        return torch.softmax(self.output(F.relu(self.hidden(x))), dim=1)


def classification_loss(logits, labels):
    return F.cross_entropy(logits, labels)


def probabilities(logits):
    return logits.softmax(dim=1)

# %% wrong: one-maximum-for-all (-)
class Classifier(nn.Module):
    def __init__(self, features, hidden, classes):
        super().__init__()
        self.hidden = nn.Linear(features, hidden)
        self.output = nn.Linear(hidden, classes)

    def forward(self, x):
        return self.output(F.relu(self.hidden(x)))


def classification_loss(logits, labels):
    return F.cross_entropy(logits, labels)


def probabilities(logits):
    powers = torch.exp(logits - logits.max())
    return powers / powers.sum(dim=1, keepdim=True)

# %% wrong: wrong-width (shape_mismatch)
class Classifier(nn.Module):
    def __init__(self, features, hidden, classes):
        super().__init__()
        self.hidden = nn.Linear(features, hidden)
        self.output = nn.Linear(features, classes)

    def forward(self, x):
        return self.output(F.relu(self.hidden(x)))


def classification_loss(logits, labels):
    return F.cross_entropy(logits, labels)


def probabilities(logits):
    return logits.softmax(dim=1)

# %% wrong: loss-as-a-float (no_grad_graph)
class Classifier(nn.Module):
    def __init__(self, features, hidden, classes):
        super().__init__()
        self.hidden = nn.Linear(features, hidden)
        self.output = nn.Linear(hidden, classes)

    def forward(self, x):
        return self.output(F.relu(self.hidden(x)))


def classification_loss(logits, labels):
    return F.cross_entropy(logits, labels).item()


def probabilities(logits):
    return logits.softmax(dim=1)

# %% wrong: layers-in-a-list (list_not_registered)
class Classifier(nn.Module):
    def __init__(self, features, hidden, classes):
        super().__init__()
        self.layers = [nn.Linear(features, hidden), nn.ReLU(), nn.Linear(hidden, classes)]

    def forward(self, x):
        for layer in self.layers:
            x = layer(x)
        return x


def classification_loss(logits, labels):
    return F.cross_entropy(logits, labels)


def probabilities(logits):
    return logits.softmax(dim=1)

# %% wrong: super-forgotten (missing_super)
class Classifier(nn.Module):
    def __init__(self, features, hidden, classes):
        self.hidden = nn.Linear(features, hidden)
        self.output = nn.Linear(hidden, classes)

    def forward(self, x):
        return self.output(F.relu(self.hidden(x)))


def classification_loss(logits, labels):
    return F.cross_entropy(logits, labels)


def probabilities(logits):
    return logits.softmax(dim=1)

# %% right: sequential-and-formula
class Classifier(nn.Sequential):
    def __init__(self, features, hidden, classes):
        super().__init__(nn.Linear(features, hidden), nn.ReLU(), nn.Linear(hidden, classes))


def classification_loss(logits, labels):
    chosen = logits.gather(1, labels.unsqueeze(1)).squeeze(1)
    return (logits.logsumexp(dim=1) - chosen).mean()


def probabilities(logits):
    powers = torch.exp(logits - logits.max(dim=1, keepdim=True).values)
    return powers / powers.sum(dim=1, keepdim=True)

# %% right: log-softmax-and-nll
class Classifier(nn.Module):
    def __init__(self, features, hidden, classes):
        super().__init__()
        self.activation = nn.ReLU()
        self.second = nn.Linear(hidden, classes)
        self.first = nn.Linear(features, hidden)

    def forward(self, x):
        h = self.activation(self.first(x))
        return self.second(h)


def classification_loss(logits, labels):
    return F.nll_loss(torch.log_softmax(logits, dim=-1), labels)


def probabilities(logits):
    return torch.log_softmax(logits, dim=-1).exp()

# %% right: logarithms-first
class Classifier(nn.Module):
    def __init__(self, features, hidden, classes):
        super().__init__()
        self.hidden = nn.Linear(features, hidden)
        self.output = nn.Linear(hidden, classes)

    def forward(self, x):
        hidden = F.linear(x, self.hidden.weight, self.hidden.bias).clamp(min=0)
        return F.linear(hidden, self.output.weight, self.output.bias)


def classification_loss(logits, labels):
    wide = logits.double()
    return (wide.logsumexp(dim=1) - wide[torch.arange(len(labels)), labels]).mean().float()


def probabilities(logits):
    return (logits - logits.logsumexp(dim=1, keepdim=True)).exp()
