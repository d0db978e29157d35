# %% wrong: stacked-without-padding (collate_unequal)
def pad_collate(samples):
    x = torch.stack([torch.tensor(sample["X"]) for sample in samples])
    y = torch.tensor([sample["y"] for sample in samples])
    return {"X": x, "y": y, "length": torch.tensor([len(sample["X"]) for sample in samples])}

# %% wrong: default-collate (ragged_lists)
from torch.utils.data import default_collate

def pad_collate(samples):
    batch = default_collate(samples)
    batch["length"] = torch.tensor([len(sample["X"]) for sample in samples])
    return batch

# %% wrong: tensor-of-unequal-lists (ragged_lists)
def pad_collate(samples):
    return {
        "X": torch.tensor([sample["X"] for sample in samples]),
        "y": torch.tensor([sample["y"] for sample in samples]),
        "length": torch.tensor([len(sample["X"]) for sample in samples]),
    }

# %% wrong: cut-to-the-shortest (-)
def pad_collate(samples):
    columns = list(zip(*(sample["X"] for sample in samples)))
    x = torch.tensor(columns, dtype=torch.int64).reshape(len(columns), len(samples)).T
    y = torch.tensor([sample["y"] for sample in samples])
    return {"X": x, "y": y, "length": torch.tensor([len(sample["X"]) for sample in samples])}

# %% wrong: labels-dropped (collate_drops_key)
from torch.nn.utils.rnn import pad_sequence

def pad_collate(samples):
    x = [torch.tensor(sample["X"], dtype=torch.int64) for sample in samples]
    return {"X": pad_sequence(x, batch_first=True), "length": torch.tensor([len(row) for row in x])}

# %% wrong: lengths-dropped (collate_drops_key)
from torch.nn.utils.rnn import pad_sequence

def pad_collate(samples):
    x = [torch.tensor(sample["X"], dtype=torch.int64) for sample in samples]
    y = torch.tensor([sample["y"] for sample in samples])
    return {"X": pad_sequence(x, batch_first=True), "y": y}

# %% wrong: lambda (lambda_pickle)
from torch.nn.utils.rnn import pad_sequence

pad_collate = lambda samples: {
    "X": pad_sequence([torch.tensor(s["X"], dtype=torch.int64) for s in samples], batch_first=True),
    "y": torch.tensor([s["y"] for s in samples]),
    "length": torch.tensor([len(s["X"]) for s in samples]),
}

# %% wrong: function-in-a-function (lambda_pickle)
from torch.nn.utils.rnn import pad_sequence

def make_collate(padding):
    def collate(samples):
        x = [torch.tensor(sample["X"], dtype=torch.int64) for sample in samples]
        return {
            "X": pad_sequence(x, batch_first=True, padding_value=padding),
            "y": torch.tensor([sample["y"] for sample in samples]),
            "length": torch.tensor([len(row) for row in x]),
        }

    return collate

pad_collate = make_collate(0)

# %% wrong: floats (dtype_mismatch)
def pad_collate(samples):
    longest = max(len(sample["X"]) for sample in samples)
    x = torch.zeros(len(samples), longest)
    for i, sample in enumerate(samples):
        x[i, : len(sample["X"])] = torch.tensor(sample["X"])
    return {
        "X": x,
        "y": torch.tensor([sample["y"] for sample in samples]),
        "length": torch.tensor([len(sample["X"]) for sample in samples]),
    }

# %% wrong: floats-when-all-are-empty (dtype_mismatch)
def pad_collate(samples):
    longest = max(len(sample["X"]) for sample in samples)
    x = [sample["X"] + [0] * (longest - len(sample["X"])) for sample in samples]
    return {
        "X": torch.tensor(x),
        "y": torch.tensor([sample["y"] for sample in samples]),
        "length": torch.tensor([len(sample["X"]) for sample in samples]),
    }

# %% wrong: counts-what-is-not-zero (-)
from torch.nn.utils.rnn import pad_sequence

def pad_collate(samples):
    x = pad_sequence([torch.tensor(s["X"], dtype=torch.int64) for s in samples], batch_first=True)
    return {"X": x, "y": torch.tensor([s["y"] for s in samples]), "length": (x != 0).sum(1)}

# %% wrong: padding-added-to-the-samples (mutates_input)
def pad_collate(samples):
    lengths = [len(sample["X"]) for sample in samples]
    for sample in samples:
        sample["X"] += [0] * (max(lengths) - len(sample["X"]))
    return {
        "X": torch.tensor([sample["X"] for sample in samples], dtype=torch.int64),
        "y": torch.tensor([sample["y"] for sample in samples]),
        "length": torch.tensor(lengths),
    }

# %% right: zip-longest
from itertools import zip_longest

def pad_collate(samples):
    rows = [s["X"] for s in samples]
    columns = list(zip_longest(*rows, fillvalue=0))
    x = torch.tensor(columns, dtype=torch.long).reshape(len(columns), len(rows)).T.contiguous()
    return dict(
        length=torch.tensor([len(row) for row in rows]),
        X=x,
        y=torch.tensor([s["y"] for s in samples]),
    )

# %% right: callable-object
class PadCollate:
    def __init__(self, padding=0):
        self.padding = padding

    def __call__(self, samples):
        lengths = torch.tensor([len(sample["X"]) for sample in samples])
        x = torch.full((len(samples), int(lengths.max())), self.padding, dtype=torch.int64)
        for i, sample in enumerate(samples):
            for j, value in enumerate(sample["X"]):
                x[i, j] = value
        return {"X": x, "y": torch.tensor([sample["y"] for sample in samples]), "length": lengths}


pad_collate = PadCollate()
