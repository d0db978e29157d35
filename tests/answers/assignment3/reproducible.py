# %% wrong: state-left-changed (global_seed)
def train_once(seed):
    torch.manual_seed(seed)
    x = torch.randn(64, 2)
    y = x.square().sum(dim=1, keepdim=True)
    model = nn.Sequential(nn.Linear(2, 8), nn.Tanh(), nn.Dropout(0.2), nn.Linear(8, 1))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    losses = []
    for _ in range(20):
        optimizer.zero_grad()
        loss = F.mse_loss(model(x), y)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses

# %% wrong: fresh-seed-afterwards (global_seed)
def train_once(seed):
    torch.manual_seed(seed)
    x = torch.randn(64, 2)
    y = x.square().sum(dim=1, keepdim=True)
    model = nn.Sequential(nn.Linear(2, 8), nn.Tanh(), nn.Dropout(0.2), nn.Linear(8, 1))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    losses = []
    for _ in range(20):
        optimizer.zero_grad()
        loss = F.mse_loss(model(x), y)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    torch.manual_seed(0)
    return losses

# %% wrong: dropout-not-seeded (-)
def train_once(seed):
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        x = torch.randn(64, 2)
        y = x.square().sum(dim=1, keepdim=True)
        model = nn.Sequential(nn.Linear(2, 8), nn.Tanh(), nn.Dropout(0.2), nn.Linear(8, 1))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    losses = []
    for _ in range(20):
        optimizer.zero_grad()
        loss = F.mse_loss(model(x), y)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses

# %% wrong: losses-as-tensors (number_kept_tensor)
def train_once(seed):
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        x = torch.randn(64, 2)
        y = x.square().sum(dim=1, keepdim=True)
        model = nn.Sequential(nn.Linear(2, 8), nn.Tanh(), nn.Dropout(0.2), nn.Linear(8, 1))
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        losses = []
        for _ in range(20):
            optimizer.zero_grad()
            loss = F.mse_loss(model(x), y)
            loss.backward()
            optimizer.step()
            losses.append(loss.detach())
        return losses

# %% wrong: backward-of-a-vector (backward_nonscalar)
def train_once(seed):
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        x = torch.randn(64, 2)
        y = x.square().sum(dim=1, keepdim=True)
        model = nn.Sequential(nn.Linear(2, 8), nn.Tanh(), nn.Dropout(0.2), nn.Linear(8, 1))
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        losses = []
        for _ in range(20):
            optimizer.zero_grad()
            loss = (model(x) - y) ** 2
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        return losses

# %% right: state-saved
def train_once(seed):
    state = torch.get_rng_state()
    try:
        torch.manual_seed(seed)
        model = nn.Sequential(nn.Linear(2, 8), nn.Tanh(), nn.Dropout(0.2), nn.Linear(8, 1))
        points = torch.randn(64, 2)
        targets = (points**2).sum(1).unsqueeze(1)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        criterion = nn.MSELoss()
        model.train()
        losses = []
        for step in range(20):
            loss = criterion(model(points), targets)
            losses.append(float(loss))
            model.zero_grad()
            loss.backward()
            optimizer.step()
    finally:
        torch.set_rng_state(state)
    return losses

# %% right: generator-for-the-points
def train_once(seed):
    x = torch.randn(64, 2, generator=torch.Generator().manual_seed(seed))
    y = x.pow(2).sum(dim=-1, keepdim=True)
    losses = []
    with torch.random.fork_rng(devices=[]):
        torch.random.manual_seed(seed + 1000)
        model = nn.Sequential(nn.Linear(2, 8), nn.Tanh(), nn.Dropout(p=0.2), nn.Linear(8, 1))
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        while len(losses) < 20:
            optimizer.zero_grad(set_to_none=False)
            loss = ((model(x) - y) ** 2).mean()
            loss.backward()
            optimizer.step()
            losses += [loss.detach().item()]
    return losses
