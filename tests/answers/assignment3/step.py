# %% wrong: gradients-not-cleared (forgot_zero_grad)
def train_step(model, optimizer, loss_fn, x, y):
    model.train()
    loss = loss_fn(model(x), y)
    loss.backward()
    optimizer.step()
    return loss.item()

# %% wrong: tensor-returned (number_kept_tensor)
def train_step(model, optimizer, loss_fn, x, y):
    model.train()
    optimizer.zero_grad()
    loss = loss_fn(model(x), y)
    loss.backward()
    optimizer.step()
    return loss

# %% wrong: mode-not-set (eval_forgotten)
def train_step(model, optimizer, loss_fn, x, y):
    optimizer.zero_grad()
    loss = loss_fn(model(x), y)
    loss.backward()
    optimizer.step()
    return loss.item()

# %% wrong: backward-from-the-number (no_grad_graph)
def train_step(model, optimizer, loss_fn, x, y):
    model.train()
    optimizer.zero_grad()
    with torch.no_grad():
        prediction = model(x)
    loss = loss_fn(prediction, y)
    loss.backward()
    optimizer.step()
    return loss.item()

# %% wrong: backward-again (backward_twice)
def train_step(model, optimizer, loss_fn, x, y):
    model.train()
    optimizer.zero_grad()
    loss = loss_fn(model(x), y)
    loss.backward()
    optimizer.step()
    loss.backward()
    return loss.item()

# %% right: closure
def train_step(model, optimizer, loss_fn, x, y):
    model.train()

    def closure():
        optimizer.zero_grad(set_to_none=False)
        loss = loss_fn(model(x), y)
        loss.backward()
        return loss

    return float(optimizer.step(closure))

# %% right: cleared-by-the-model
def train_step(model, optimizer, loss_fn, x, y):
    model.train(True)
    prediction = model(x)
    loss = loss_fn(prediction, y)
    model.zero_grad()
    loss.backward()
    optimizer.step()
    model.zero_grad()
    return loss.detach().tolist()
