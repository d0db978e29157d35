# %% wrong: column-against-row (broadcast_hides)
def fit(model, x, y, steps, lr):
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    losses = []
    for _ in range(steps):
        optimizer.zero_grad()
        loss = ((model(x) - y) ** 2).mean()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses

# %% wrong: gradients-pile-up (forgot_zero_grad)
def fit(model, x, y, steps, lr):
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    losses = []
    for _ in range(steps):
        loss = F.mse_loss(model(x).squeeze(1), y)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses

# %% wrong: momentum (-)
def fit(model, x, y, steps, lr):
    optimizer = torch.optim.SGD(model.parameters(), lr=lr, momentum=0.9)
    losses = []
    for _ in range(steps):
        optimizer.zero_grad()
        loss = F.mse_loss(model(x).squeeze(1), y)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses

# %% wrong: double-precision (dtype_mismatch)
import numpy as np


def fit(model, x, y, steps, lr):
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    x, y = torch.from_numpy(np.float64(x.numpy())), torch.from_numpy(np.float64(y.numpy()))
    losses = []
    for _ in range(steps):
        optimizer.zero_grad()
        loss = F.mse_loss(model(x).squeeze(1), y)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses

# %% wrong: forward-only-once (backward_twice)
def fit(model, x, y, steps, lr):
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    losses = []
    loss = F.mse_loss(model(x).squeeze(1), y)
    for _ in range(steps):
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses

# %% wrong: loss-wrapped-again (no_grad_graph)
def fit(model, x, y, steps, lr):
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    losses = []
    for _ in range(steps):
        optimizer.zero_grad()
        loss = F.mse_loss(model(x).squeeze(1), y)
        loss = torch.tensor(loss.item(), requires_grad=True)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses

# %% right: column-of-targets
def fit(model, x, y, steps, lr):
    losses = []
    targets = y.unsqueeze(1)
    for step in range(steps):
        optimizer = torch.optim.SGD(model.parameters(), lr)
        loss = nn.MSELoss()(model(x), targets)
        model.zero_grad()
        loss.backward()
        optimizer.step()
        losses += [float(loss)]
    return losses

# %% right: own-mean
def fit(model, x, y, steps, lr):
    optimizer = torch.optim.SGD(params=list(model.parameters()), lr=lr)
    optimizer.zero_grad()

    def step():
        loss = (model(x)[:, 0] - y).pow(2).sum() / len(y)
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        return loss.detach().item()

    return [step() for _ in range(steps)]
