# %% wrong: float64 (dtype_mismatch)
import numpy as np

class Table(Dataset):
    def __init__(self, path, train=True):
        self.rows = np.loadtxt(path, delimiter=",", skiprows=1)
        self.train = train

    def __len__(self):
        return len(self.rows)

    def __getitem__(self, index):
        features = torch.tensor(self.rows[index, :4])
        if self.train:
            return features, torch.tensor(int(self.rows[index, 4]))
        return features

# %% wrong: length-counts-the-header (dataset_len_wrong)
class Table(Dataset):
    def __init__(self, path, train=True):
        with open(path) as file:
            self.lines = file.read().splitlines()
        self.train = train

    def __len__(self):
        return len(self.lines)

    def __getitem__(self, index):
        *features, label = self.lines[index + 1].split(",")
        features = torch.tensor([float(x) for x in features])
        if self.train:
            return features, torch.tensor(int(label))
        return features

# %% wrong: label-is-a-float (dtype_mismatch)
class Table(Dataset):
    def __init__(self, path, train=True):
        with open(path) as file:
            next(file)
            self.rows = [[float(x) for x in line.split(",")] for line in file]
        self.train = train

    def __len__(self):
        return len(self.rows)

    def __getitem__(self, index):
        row = self.rows[index]
        if self.train:
            return torch.tensor(row[:4]), torch.tensor(row[4])
        return torch.tensor(row[:4])

# %% wrong: train-ignored (-)
class Table(Dataset):
    def __init__(self, path, train=True):
        with open(path) as file:
            next(file)
            self.rows = [[float(x) for x in line.split(",")] for line in file]

    def __len__(self):
        return len(self.rows)

    def __getitem__(self, index):
        row = self.rows[index]
        return torch.tensor(row[:4]), torch.tensor(int(row[4]))

# %% wrong: views-of-the-dataset (shared_memory)
class Table(Dataset):
    def __init__(self, path, train=True):
        with open(path) as file:
            next(file)
            rows = torch.tensor([[float(x) for x in line.split(",")] for line in file])
        self.features, self.labels = rows[:, :4], rows[:, 4].long()
        self.train = train

    def __len__(self):
        return len(self.features)

    def __getitem__(self, index):
        if self.train:
            return self.features[index], self.labels[index]
        return self.features[index]

# %% wrong: only-the-label-is-a-view (shared_memory)
class Table(Dataset):
    def __init__(self, path, train=True):
        with open(path) as file:
            next(file)
            rows = torch.tensor([[float(x) for x in line.split(",")] for line in file])
        self.features, self.labels = rows[:, :4], rows[:, 4].long()
        self.train = train

    def __len__(self):
        return len(self.features)

    def __getitem__(self, index):
        features = self.features[index].clone()
        return (features, self.labels[index]) if self.train else features

# %% wrong: keeps-a-lambda (lambda_pickle)
class Table(Dataset):
    def __init__(self, path, train=True):
        with open(path) as file:
            next(file)
            self.rows = [line.strip().split(",") for line in file]
        self.convert = lambda row: torch.tensor([float(x) for x in row[:4]])
        self.train = train

    def __len__(self):
        return len(self.rows)

    def __getitem__(self, index):
        row = self.rows[index]
        if self.train:
            return self.convert(row), torch.tensor(int(row[4]))
        return self.convert(row)

# %% wrong: keeps-the-file-open (lambda_pickle)
class Table(Dataset):
    def __init__(self, path, train=True):
        self.file = open(path)
        self.rows = self.file.readlines()[1:]
        self.train = train

    def __len__(self):
        return len(self.rows)

    def __getitem__(self, index):
        row = [float(x) for x in self.rows[index].split(",")]
        if self.train:
            return torch.tensor(row[:4]), torch.tensor(int(row[4]))
        return torch.tensor(row[:4])

# %% wrong: starts-again-at-the-end (dataset_iter_endless)
class Table(Dataset):
    def __init__(self, path, train=True):
        with open(path) as file:
            next(file)
            self.rows = [[float(x) for x in line.split(",")] for line in file]
        self.train = train

    def __len__(self):
        return len(self.rows)

    def __getitem__(self, index):
        row = self.rows[index % len(self.rows)]
        if self.train:
            return torch.tensor(row[:4]), torch.tensor(int(row[4]))
        return torch.tensor(row[:4])

# %% right: copy-constructed (copy_construct)
class Table(Dataset):
    def __init__(self, path, train=True):
        self.train = train
        self.items = []
        with open(path) as file:
            for line in file.readlines()[1:]:
                *features, label = line.split(",")
                self.items.append((torch.tensor([float(x) for x in features]), torch.tensor(int(label))))

    def __len__(self):
        return len(self.items)

    def __getitem__(self, index):
        features, label = self.items[index]
        if self.train:
            return torch.tensor(features), torch.tensor(label)
        return torch.tensor(features)

# %% right: file-read-at-each-access
class Table(Dataset):
    def __init__(self, path, train=True):
        self.path, self.train = path, train
        with open(path) as file:
            self.count = sum(1 for _ in file) - 1

    def __len__(self):
        return self.count

    def __getitem__(self, index):
        if index >= self.count:
            raise IndexError(index)
        with open(self.path) as file:
            line = file.read().splitlines()[1:][index]
        cells = line.split(",")
        features = torch.tensor([float(cell) for cell in cells[:4]])
        return (features, torch.tensor(int(cells[4]))) if self.train else features
