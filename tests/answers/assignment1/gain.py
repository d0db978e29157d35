# %% wrong: plain-tensor (tensor_instead_of_parameter)
def add_gain(model, value):
    def equip(module):
        if isinstance(module, nn.Linear):
            module.gain = torch.tensor(value, requires_grad=True)
            module.register_forward_hook(lambda m, args, output: m.gain * output)

    return model.apply(equip)

# %% wrong: scaled-after-wrapping (parameter_then_op)
def add_gain(model, value):
    def equip(module):
        if isinstance(module, nn.Linear):
            module.gain = nn.Parameter(torch.ones(())) * value
            module.register_forward_hook(lambda m, args, output: m.gain * output)

    return model.apply(equip)

# %% wrong: one-element-vector (dimension_of_one)
def add_gain(model, value):
    def equip(module):
        if isinstance(module, nn.Linear):
            module.gain = nn.Parameter(torch.tensor([value]))
            module.register_forward_hook(lambda m, args, output: m.gain * output)

    return model.apply(equip)

# %% wrong: one-gain-for-all (-)
def add_gain(model, value):
    gain = nn.Parameter(torch.tensor(value))

    def equip(module):
        if isinstance(module, nn.Linear):
            module.gain = gain
            module.register_forward_hook(lambda m, args, output: m.gain * output)

    return model.apply(equip)

# %% wrong: product-not-returned (hook_no_return)
def add_gain(model, value):
    def turn_up(module, args, output):
        output = module.gain * output

    def equip(module):
        if isinstance(module, nn.Linear):
            module.gain = nn.Parameter(torch.tensor(value))
            module.register_forward_hook(turn_up)

    return model.apply(equip)

# %% wrong: hook-takes-two-arguments (hook_wrong_arity)
def add_gain(model, value):
    def equip(module):
        if isinstance(module, nn.Linear):
            module.gain = nn.Parameter(torch.tensor(value))
            module.register_forward_hook(lambda m, output: m.gain * output)

    return model.apply(equip)

# %% wrong: weights-scaled-once (-)
def add_gain(model, value):
    def equip(module):
        if isinstance(module, nn.Linear):
            module.gain = nn.Parameter(torch.tensor(value))
            with torch.no_grad():
                for parameter in (module.weight, module.bias):
                    if parameter is not None:
                        parameter *= value

    return model.apply(equip)

# %% wrong: multiplies-by-the-value (-)
def add_gain(model, value):
    def equip(module):
        if isinstance(module, nn.Linear):
            module.gain = nn.Parameter(torch.tensor(value))
            module.register_forward_hook(lambda m, args, output: value * output)

    return model.apply(equip)

# %% wrong: gain-on-the-input (-)
def add_gain(model, value):
    def equip(module):
        if isinstance(module, nn.Linear):
            module.gain = nn.Parameter(torch.tensor(value))
            module.register_forward_pre_hook(lambda m, args: (m.gain * args[0],))

    return model.apply(equip)

# %% wrong: bias-left-out (-)
def add_gain(model, value):
    def equip(module):
        if isinstance(module, nn.Linear):
            module.gain = nn.Parameter(torch.tensor(value))

            def forward(x):
                out = module.gain * (x @ module.weight.T)
                return out if module.bias is None else out + module.bias

            module.forward = forward

    return model.apply(equip)

# %% wrong: every-module (apply_touches_containers)
def add_gain(model, value):
    def equip(module):
        module.gain = nn.Parameter(torch.tensor(value))
        module.register_forward_hook(lambda m, args, output: m.gain * output)

    return model.apply(equip)

# %% wrong: nothing-multiplied (-)
def add_gain(model, value):
    def equip(module):
        if isinstance(module, nn.Linear):
            module.gain = nn.Parameter(torch.tensor(value))

    return model.apply(equip)

# %% wrong: gain-detached (no_grad_graph)
def add_gain(model, value):
    def equip(module):
        if isinstance(module, nn.Linear):
            module.gain = nn.Parameter(torch.tensor(value))
            module.register_forward_hook(lambda m, args, output: m.gain.item() * output)

    return model.apply(equip)

# %% wrong: adds-instead (-)
def add_gain(model, value):
    def equip(module):
        if isinstance(module, nn.Linear):
            module.gain = nn.Parameter(torch.tensor(value))
            module.register_forward_hook(lambda m, args, output: m.gain + output)

    return model.apply(equip)

# %% wrong: nothing-returned (result_not_returned)
def add_gain(model, value):
    def equip(module):
        if isinstance(module, nn.Linear):
            module.gain = nn.Parameter(torch.tensor(value))
            module.register_forward_hook(lambda m, args, output: m.gain * output)

    model.apply(equip)

# %% right: forward-replaced
def add_gain(model, value):
    def equip(module):
        if isinstance(module, nn.Linear):
            former = module.forward
            module.gain = nn.Parameter(torch.tensor(float(value)))
            module.forward = lambda x: module.gain * former(x)

    model.apply(equip)
    return model

# %% right: class-exchanged
def louder(kind):
    class Louder(kind):
        def forward(self, x):
            return super().forward(x).mul(self.gain)

    return Louder


def add_gain(model, value):
    def equip(module):
        if isinstance(module, nn.Linear):
            module.register_parameter("gain", nn.Parameter(torch.full((), float(value))))
            module.__class__ = louder(type(module))

    return model.apply(equip)

# %% right: bound-method
import types

def turned_up(self, x):
    return self.gain * type(self).forward(self, x)


def add_gain(model, value):
    def equip(module):
        if isinstance(module, nn.Linear):
            setattr(module, "gain", nn.Parameter(torch.ones(()) * value))
            module.forward = types.MethodType(turned_up, module)

    return model.apply(equip)
