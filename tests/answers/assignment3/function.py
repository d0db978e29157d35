# %% wrong: one-gradient (bwd_full_wrong_number)
class Clip(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, limit):
        ctx.save_for_backward(x)
        ctx.limit = limit
        return x.clamp(-limit, limit)

    @staticmethod
    def backward(ctx, grad_output):
        (x,) = ctx.saved_tensors
        return torch.where(x.abs() <= ctx.limit, grad_output, 0.1 * grad_output)


def clip(x, limit):
    return Clip.apply(x, limit)

# %% wrong: zero-outside (-)
class Clip(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, limit):
        ctx.save_for_backward(x)
        ctx.limit = limit
        return x.clamp(-limit, limit)

    @staticmethod
    def backward(ctx, grad_output):
        (x,) = ctx.saved_tensors
        return grad_output * (x.abs() <= ctx.limit), None


def clip(x, limit):
    return Clip.apply(x, limit)

# %% wrong: incoming-gradient-ignored (incoming_gradient_ignored)
class Clip(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, limit):
        ctx.save_for_backward(x)
        ctx.limit = limit
        return x.clamp(-limit, limit)

    @staticmethod
    def backward(ctx, grad_output):
        (x,) = ctx.saved_tensors
        slope = torch.full_like(x, 0.1)
        slope[x.abs() <= ctx.limit] = 1.0
        return slope, None


def clip(x, limit):
    return Clip.apply(x, limit)

# %% wrong: kept-on-the-class (-)
class Clip(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, limit):
        Clip.x, Clip.limit = x.detach(), limit
        return x.clamp(-limit, limit)

    @staticmethod
    def backward(ctx, grad_output):
        return torch.where(Clip.x.abs() <= Clip.limit, grad_output, 0.1 * grad_output), None


def clip(x, limit):
    return Clip.apply(x, limit)

# %% wrong: clamps-in-place (mutates_input)
class Clip(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, limit):
        ctx.inside = x.abs() <= limit
        x.clamp_(-limit, limit)
        return x.clone()

    @staticmethod
    def backward(ctx, grad_output):
        return torch.where(ctx.inside, grad_output, 0.1 * grad_output), None


def clip(x, limit):
    return Clip.apply(x, limit)

# %% right: with-setup-context
class Clip(torch.autograd.Function):
    @staticmethod
    def forward(x, limit):
        return torch.clamp(x, min=-limit, max=limit)

    @staticmethod
    def setup_context(ctx, inputs, output):
        x, limit = inputs
        ctx.save_for_backward((x >= -limit) & (x <= limit))

    @staticmethod
    def backward(ctx, grad_output):
        (inside,) = ctx.saved_tensors
        return grad_output * (0.1 + 0.9 * inside.to(grad_output.dtype)), None


clip = Clip.apply

# %% right: mask-and-minimum
class Clip(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, limit):
        ctx.outside = x.abs() > limit
        bound = torch.full_like(x, limit)
        return torch.maximum(torch.minimum(x, bound), -bound)

    @staticmethod
    def backward(ctx, incoming):
        gradient = incoming.clone()
        gradient[ctx.outside] *= 0.1
        return (gradient, None)


def clip(x, limit):
    result = Clip.apply(x, limit)
    return result
