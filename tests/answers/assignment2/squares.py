# %% wrong: never-an-error (dataset_iter_endless)
class Squares(Dataset):
    def __init__(self, n):
        self.n = n

    def __len__(self):
        return self.n

    def __getitem__(self, index):
        if index < 0:
            index += self.n
        return index, index * index

# %% wrong: wraps-around (dataset_iter_endless)
class Squares(Dataset):
    def __init__(self, n):
        self.n = n

    def __len__(self):
        return self.n

    def __getitem__(self, index):
        index = index % self.n
        return index, index * index

# %% wrong: length-one-too-long (dataset_len_wrong)
class Squares(Dataset):
    def __init__(self, n):
        self.items = [(i, i * i) for i in range(n)]

    def __len__(self):
        return len(self.items) + 1

    def __getitem__(self, index):
        return self.items[index]

# %% wrong: one-item-too-many (dataset_len_wrong)
class Squares(Dataset):
    def __init__(self, n):
        self.n = n

    def __len__(self):
        return self.n

    def __getitem__(self, index):
        if index > self.n or index < -self.n:
            raise IndexError(index)
        if index < 0:
            index += self.n
        return index, index * index

# %% wrong: negative-index-squared (-)
class Squares(Dataset):
    def __init__(self, n):
        self.n = n

    def __len__(self):
        return self.n

    def __getitem__(self, index):
        if index < -self.n or index >= self.n:
            raise IndexError(index)
        return index, index * index

# %% wrong: list-instead-of-tuple (-)
class Squares(Dataset):
    def __init__(self, n):
        self.items = [[i, i * i] for i in range(n)]

    def __len__(self):
        return len(self.items)

    def __getitem__(self, index):
        return self.items[index]

# %% right: range-decides
class Squares(Dataset):
    def __init__(self, n):
        self.numbers = range(n)

    def __len__(self):
        return len(self.numbers)

    def __getitem__(self, index):
        i = self.numbers[index]
        return (i, pow(i, 2))

# %% right: two-comparisons
class Squares(Dataset):
    """The numbers from 0 on, with their squares."""

    def __init__(self, n: int):
        self.count = n

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, index: int) -> tuple[int, int]:
        position = index
        if position < 0:
            position = len(self) + position
        if position < 0 or position >= len(self):
            raise IndexError("Squares: index out of range")
        return tuple([position, position * position])
