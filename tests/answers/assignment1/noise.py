# %% wrong: global-seed (global_seed)
def noise(rows, columns, seed):
    torch.manual_seed(seed)
    return torch.randn(rows, columns)

# %% wrong: seed-ignored (-)
def noise(rows, columns, seed):
    generator = torch.Generator()
    generator.seed()
    return torch.randn(rows, columns, generator=generator)

# %% wrong: generator-seeded-but-not-used (generator_unused)
def noise(rows, columns, seed):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(rows, columns)

# %% wrong: always-the-same-seed (argument_unused_in_function)
def noise(rows, columns, seed=0):
    generator = torch.Generator().manual_seed(0)
    return torch.randn(rows, columns, generator=generator)

# %% wrong: uniform-instead-of-normal (other_distribution)
def noise(rows, columns, seed):
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(rows, columns, generator=generator)

# %% wrong: rows-and-columns-swapped (dimensions_swapped)
def noise(rows, columns, seed):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(columns, rows, generator=generator)

# %% wrong: one-row-repeated (-)
def noise(rows, columns, seed):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(1, columns, generator=generator).expand(rows, columns)

# %% wrong: double-precision (dtype_mismatch)
def noise(rows, columns, seed):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(rows, columns, generator=generator, dtype=torch.float64)

# %% wrong: generator-shared-between-calls (-)
def noise(rows, columns, seed, generators={}):
    if seed not in generators:
        generators[seed] = torch.Generator().manual_seed(seed)
    return torch.randn(rows, columns, generator=generators[seed])

# %% right: explicit-size-and-dtype
def noise(rows, columns, seed):
    g = torch.Generator(device="cpu")
    g.manual_seed(seed)
    return torch.randn(size=(rows, columns), generator=g, dtype=torch.float32)

# %% right: filled-through-out
def noise(rows, columns, seed):
    result = torch.empty(rows, columns, dtype=torch.float32)
    torch.randn((rows, columns), generator=torch.Generator().manual_seed(seed), out=result)
    return result

# %% right: flat-then-reshaped
def noise(rows, columns, seed):
    flat = torch.randn(rows * columns, generator=torch.Generator().manual_seed(seed))
    return flat.reshape(rows, columns)
