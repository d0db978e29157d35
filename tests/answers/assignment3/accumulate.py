# %% wrong: step-per-batch (zero_grad_in_loop)
def accumulate(model, optimizer, loss_fn, batches):
    total = 0.0
    for x, y in batches:
        optimizer.zero_grad()
        loss = loss_fn(model(x), y) / len(batches)
        loss.backward()
        optimizer.step()
        total += loss.item()
    optimizer.zero_grad()
    return total

# %% wrong: old-gradients-counted (forgot_zero_grad)
def accumulate(model, optimizer, loss_fn, batches):
    total = 0.0
    for x, y in batches:
        loss = loss_fn(model(x), y) / len(batches)
        loss.backward()
        total += loss.item()
    optimizer.step()
    optimizer.zero_grad()
    return total

# %% wrong: not-divided (-)
def accumulate(model, optimizer, loss_fn, batches):
    total = 0.0
    optimizer.zero_grad()
    for x, y in batches:
        loss = loss_fn(model(x), y)
        loss.backward()
        total += loss.item()
    optimizer.step()
    optimizer.zero_grad()
    return total

# %% wrong: backward-of-the-running-total (backward_twice)
def accumulate(model, optimizer, loss_fn, batches):
    total = 0.0
    optimizer.zero_grad()
    for x, y in batches:
        total = total + loss_fn(model(x), y) / len(batches)
        total.backward()
    optimizer.step()
    optimizer.zero_grad()
    return total.item()

# %% wrong: switched-to-training (-)
def accumulate(model, optimizer, loss_fn, batches):
    model.train()
    total = 0.0
    optimizer.zero_grad()
    for x, y in batches:
        loss = loss_fn(model(x), y) / len(batches)
        loss.backward()
        total += loss.item()
    optimizer.step()
    optimizer.zero_grad()
    return total

# %% right: one-backward-for-the-sum
def accumulate(model, optimizer, loss_fn, batches):
    losses = [loss_fn(model(x), y) for x, y in batches]
    loss = torch.stack(losses).mean()
    model.zero_grad()
    loss.backward()
    optimizer.step()
    model.zero_grad()
    return loss.item()

# %% right: zeros-left
def accumulate(model, optimizer, loss_fn, batches):
    optimizer.zero_grad(set_to_none=False)
    total = []
    for x, y in batches:
        loss = loss_fn(model(x), y).div(len(batches))
        loss.backward()
        total.append(float(loss))
    optimizer.step()
    optimizer.zero_grad(set_to_none=False)
    return sum(total)
