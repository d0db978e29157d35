# %% wrong: optimizer-saved-not-loaded (state_not_loaded)
def save_checkpoint(path, model, optimizer, epoch):
    torch.save({"model": model.state_dict(), "optimizer": optimizer.state_dict(), "epoch": epoch}, path)


def load_checkpoint(path, model, optimizer):
    checkpoint = torch.load(path, weights_only=True)
    model.load_state_dict(checkpoint["model"])
    return checkpoint["epoch"]

# %% wrong: whole-model (object_saved)
def save_checkpoint(path, model, optimizer, epoch):
    torch.save({"model": model, "optimizer": optimizer.state_dict(), "epoch": epoch}, path)


def load_checkpoint(path, model, optimizer):
    checkpoint = torch.load(path, weights_only=False)
    model.load_state_dict(checkpoint["model"].state_dict())
    optimizer.load_state_dict(checkpoint["optimizer"])
    return checkpoint["epoch"]

# %% wrong: parameters-only (-)
def save_checkpoint(path, model, optimizer, epoch):
    torch.save({"model": dict(model.named_parameters()), "optimizer": optimizer.state_dict(), "epoch": epoch}, path)


def load_checkpoint(path, model, optimizer):
    checkpoint = torch.load(path, weights_only=True)
    model.load_state_dict(checkpoint["model"], strict=False)
    optimizer.load_state_dict(checkpoint["optimizer"])
    return checkpoint["epoch"]

# %% wrong: left-in-evaluation-mode (eval_forgotten)
def save_checkpoint(path, model, optimizer, epoch):
    torch.save({"model": model.state_dict(), "optimizer": optimizer.state_dict(), "epoch": epoch}, path)


def load_checkpoint(path, model, optimizer):
    checkpoint = torch.load(path, weights_only=True)
    model.load_state_dict(checkpoint["model"])
    optimizer.load_state_dict(checkpoint["optimizer"])
    model.eval()
    return checkpoint["epoch"]

# %% wrong: half-precision (dtype_mismatch)
def save_checkpoint(path, model, optimizer, epoch):
    torch.save({"model": {name: value.half() for name, value in model.state_dict().items()}, "optimizer": optimizer.state_dict(), "epoch": epoch}, path)


def load_checkpoint(path, model, optimizer):
    checkpoint = torch.load(path, weights_only=True)
    model.load_state_dict(checkpoint["model"])
    optimizer.load_state_dict(checkpoint["optimizer"])
    return checkpoint["epoch"]

# %% right: as-a-list
def save_checkpoint(path, model, optimizer, epoch):
    with open(path, "wb") as file:
        torch.save([epoch, model.state_dict(), optimizer.state_dict()], file)


def load_checkpoint(path, model, optimizer):
    with open(path, "rb") as file:
        epoch, model_state, optimizer_state = torch.load(file, map_location="cpu")
    model.load_state_dict(model_state)
    optimizer.load_state_dict(optimizer_state)
    return epoch

# %% right: flat-with-prefixes
def save_checkpoint(path, model, optimizer, epoch):
    entries = {"model." + name: value for name, value in model.state_dict().items()}
    entries["optimizer"] = optimizer.state_dict()
    entries["epoch"] = torch.tensor(epoch)
    torch.save(entries, str(path))


def load_checkpoint(path, model, optimizer):
    entries = torch.load(str(path), weights_only=True)
    state = {name[6:]: value for name, value in entries.items() if name.startswith("model.")}
    model.load_state_dict(state, strict=True)
    optimizer.load_state_dict(entries.pop("optimizer"))
    return int(entries["epoch"])
