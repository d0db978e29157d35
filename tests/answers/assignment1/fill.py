# %% wrong: every-module (apply_touches_containers)
def fill_linear(model, value):
    def fill(module):
        nn.init.constant_(module.weight, value)
        nn.init.zeros_(module.bias)

    return model.apply(fill)

# %% wrong: in-place-with-gradients-on (init_inplace_leaf)
def fill_linear(model, value):
    def fill(module):
        if isinstance(module, nn.Linear):
            module.weight.fill_(value)
            if module.bias is not None:
                module.bias.zero_()

    return model.apply(fill)

# %% wrong: bias-taken-for-granted (bias_is_none)
def fill_linear(model, value):
    def fill(module):
        if isinstance(module, nn.Linear):
            nn.init.constant_(module.weight, value)
            nn.init.zeros_(module.bias)

    return model.apply(fill)

# %% wrong: anything-with-a-weight (apply_touches_containers)
def fill_linear(model, value):
    def fill(module):
        if getattr(module, "weight", None) is not None:
            nn.init.constant_(module.weight, value)
        if getattr(module, "bias", None) is not None:
            nn.init.zeros_(module.bias)

    return model.apply(fill)

# %% wrong: bias-filled-too (-)
def fill_linear(model, value):
    def fill(module):
        if isinstance(module, nn.Linear):
            for parameter in module.parameters():
                nn.init.constant_(parameter, value)

    return model.apply(fill)

# %% wrong: bias-forgotten (-)
def fill_linear(model, value):
    def fill(module):
        if isinstance(module, nn.Linear):
            nn.init.constant_(module.weight, value)

    return model.apply(fill)

# %% wrong: bias-removed (-)
def fill_linear(model, value):
    def fill(module):
        if isinstance(module, nn.Linear):
            nn.init.constant_(module.weight, value)
            module.bias = None

    return model.apply(fill)

# %% wrong: always-one (-)
def fill_linear(model, value):
    def fill(module):
        if isinstance(module, nn.Linear):
            nn.init.ones_(module.weight)
            if module.bias is not None:
                nn.init.zeros_(module.bias)

    return model.apply(fill)

# %% wrong: frozen (parameter_frozen)
def fill_linear(model, value):
    def fill(module):
        if isinstance(module, nn.Linear):
            module.weight.requires_grad_(False).fill_(value)
            if module.bias is not None:
                module.bias.requires_grad_(False).zero_()

    return model.apply(fill)

# %% wrong: new-parameters (parameter_replaced)
def fill_linear(model, value):
    def fill(module):
        if isinstance(module, nn.Linear):
            module.weight = nn.Parameter(torch.full_like(module.weight, value))
            if module.bias is not None:
                module.bias = nn.Parameter(torch.zeros_like(module.bias))

    return model.apply(fill)

# %% wrong: top-level-only (apply_not_recursive)
def fill_linear(model, value):
    for module in model.children():
        if isinstance(module, nn.Linear):
            nn.init.constant_(module.weight, value)
            if module.bias is not None:
                nn.init.zeros_(module.bias)
    return model

# %% wrong: nothing-returned (result_not_returned)
def fill_linear(model, value):
    def fill(module):
        if isinstance(module, nn.Linear):
            nn.init.constant_(module.weight, value)
            if module.bias is not None:
                nn.init.zeros_(module.bias)

    model.apply(fill)

# %% wrong: copy-returned (-)
import copy

def fill_linear(model, value):
    def fill(module):
        if isinstance(module, nn.Linear):
            nn.init.constant_(module.weight, value)
            if module.bias is not None:
                nn.init.zeros_(module.bias)

    return copy.deepcopy(model).apply(fill)

# %% right: through-data
def fill_linear(model, value):
    def fill(module):
        if isinstance(module, nn.Linear):
            module.weight.data.fill_(value)
            if module.bias is not None:
                module.bias.data.zero_()

    model.apply(fill)
    return model

# %% right: no-grad-decorator
@torch.no_grad()
def fill_linear(model, value):
    @torch.no_grad()
    def fill(module):
        if not isinstance(module, nn.Linear):
            return
        module.weight.copy_(torch.full_like(module.weight, value))
        if module.bias is not None:
            module.bias.zero_()

    return model.apply(fill)

# %% right: by-parameter-name
def fill_linear(model, value):
    start = {"weight": value, "bias": 0.0}

    def fill(module):
        if isinstance(module, nn.Linear):
            for name, parameter in module.named_parameters(recurse=False):
                with torch.no_grad():
                    parameter[...] = start[name]

    return model.apply(fill)
