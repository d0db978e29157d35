# %% wrong: length-is-the-number-of-columns (dataset_len_wrong)
class Columns(Dataset):
    def __init__(self, columns, format=None):
        self.columns = columns
        self.format = format

    @property
    def column_names(self):
        return list(self.columns)

    def __len__(self):
        return len(self.columns)

    def tensors(self, values):
        first = values[0] if isinstance(values, list) else values
        return torch.tensor(values) if self.format == "torch" and not isinstance(first, str) else values

    def __getitem__(self, key):
        if isinstance(key, str):
            return self.tensors(self.columns[key])
        return {name: self.tensors(column[key]) for name, column in self.columns.items()}

    def map(self, function):
        rows = [Columns(self.columns)[i] for i in range(len(self))]
        rows = [{**row, **function(row)} for row in rows]
        return Columns({name: [row[name] for row in rows] for name in rows[0]})

    def with_format(self, format):
        return Columns(self.columns, format)


# %% wrong: rows-as-tuples (-)
class Columns(Dataset):
    def __init__(self, columns, format=None):
        self.columns = columns
        self.format = format

    @property
    def column_names(self):
        return list(self.columns)

    def __len__(self):
        return len(self.columns[self.column_names[0]])

    def tensors(self, values):
        first = values[0] if isinstance(values, list) else values
        return torch.tensor(values) if self.format == "torch" and not isinstance(first, str) else values

    def __getitem__(self, key):
        if isinstance(key, str):
            return self.tensors(self.columns[key])
        if isinstance(key, int):
            return tuple(column[key] for column in self.columns.values())
        return {name: self.tensors(column[key]) for name, column in self.columns.items()}

    def map(self, function):
        rows = [Columns(self.columns)[i] for i in range(len(self))]
        rows = [{**row, **function(row)} for row in rows]
        return Columns({name: [row[name] for row in rows] for name in rows[0]})

    def with_format(self, format):
        return Columns(self.columns, format)


# %% wrong: slices-as-a-list-of-rows (-)
class Columns(Dataset):
    def __init__(self, columns, format=None):
        self.columns = columns
        self.format = format

    @property
    def column_names(self):
        return list(self.columns)

    def __len__(self):
        return len(self.columns[self.column_names[0]])

    def tensors(self, values):
        first = values[0] if isinstance(values, list) else values
        return torch.tensor(values) if self.format == "torch" and not isinstance(first, str) else values

    def __getitem__(self, key):
        if isinstance(key, slice):
            return [self[i] for i in range(*key.indices(len(self)))]
        if isinstance(key, str):
            return self.tensors(self.columns[key])
        return {name: self.tensors(column[key]) for name, column in self.columns.items()}

    def map(self, function):
        rows = [Columns(self.columns)[i] for i in range(len(self))]
        rows = [{**row, **function(row)} for row in rows]
        return Columns({name: [row[name] for row in rows] for name in rows[0]})

    def with_format(self, format):
        return Columns(self.columns, format)


# %% wrong: texts-in-tensors (-)
class Columns(Dataset):
    def __init__(self, columns, format=None):
        self.columns = columns
        self.format = format

    @property
    def column_names(self):
        return list(self.columns)

    def __len__(self):
        return len(self.columns[self.column_names[0]])

    def tensors(self, values):
        first = values[0] if isinstance(values, list) else values
        return torch.tensor(values) if self.format == "torch" else values

    def __getitem__(self, key):
        if isinstance(key, str):
            return self.tensors(self.columns[key])
        return {name: self.tensors(column[key]) for name, column in self.columns.items()}

    def map(self, function):
        rows = [Columns(self.columns)[i] for i in range(len(self))]
        rows = [{**row, **function(row)} for row in rows]
        return Columns({name: [row[name] for row in rows] for name in rows[0]})

    def with_format(self, format):
        return Columns(self.columns, format)


# %% wrong: names-as-a-method (-)
class Columns(Dataset):
    def __init__(self, columns, format=None):
        self.columns = columns
        self.format = format

    def column_names(self):
        return list(self.columns)

    def __len__(self):
        return len(self.columns[self.column_names()[0]])

    def tensors(self, values):
        first = values[0] if isinstance(values, list) else values
        return torch.tensor(values) if self.format == "torch" and not isinstance(first, str) else values

    def __getitem__(self, key):
        if isinstance(key, str):
            return self.tensors(self.columns[key])
        return {name: self.tensors(column[key]) for name, column in self.columns.items()}

    def map(self, function):
        rows = [Columns(self.columns)[i] for i in range(len(self))]
        rows = [{**row, **function(row)} for row in rows]
        return Columns({name: [row[name] for row in rows] for name in rows[0]})

    def with_format(self, format):
        return Columns(self.columns, format)


# %% wrong: map-without-the-old-columns (-)
class Columns(Dataset):
    def __init__(self, columns, format=None):
        self.columns = columns
        self.format = format

    @property
    def column_names(self):
        return list(self.columns)

    def __len__(self):
        return len(self.columns[self.column_names[0]])

    def tensors(self, values):
        first = values[0] if isinstance(values, list) else values
        return torch.tensor(values) if self.format == "torch" and not isinstance(first, str) else values

    def __getitem__(self, key):
        if isinstance(key, str):
            return self.tensors(self.columns[key])
        return {name: self.tensors(column[key]) for name, column in self.columns.items()}

    def map(self, function):
        rows = [Columns(self.columns)[i] for i in range(len(self))]
        rows = [function(row) for row in rows]
        return Columns({name: [row[name] for row in rows] for name in rows[0]})

    def with_format(self, format):
        return Columns(self.columns, format)


# %% wrong: map-keeps-the-old-values (-)
class Columns(Dataset):
    def __init__(self, columns, format=None):
        self.columns = columns
        self.format = format

    @property
    def column_names(self):
        return list(self.columns)

    def __len__(self):
        return len(self.columns[self.column_names[0]])

    def tensors(self, values):
        first = values[0] if isinstance(values, list) else values
        return torch.tensor(values) if self.format == "torch" and not isinstance(first, str) else values

    def __getitem__(self, key):
        if isinstance(key, str):
            return self.tensors(self.columns[key])
        return {name: self.tensors(column[key]) for name, column in self.columns.items()}

    def map(self, function):
        rows = [Columns(self.columns)[i] for i in range(len(self))]
        rows = [{**function(row), **row} for row in rows]
        return Columns({name: [row[name] for row in rows] for name in rows[0]})

    def with_format(self, format):
        return Columns(self.columns, format)


# %% wrong: map-in-place (-)
class Columns(Dataset):
    def __init__(self, columns, format=None):
        self.columns = columns
        self.format = format

    @property
    def column_names(self):
        return list(self.columns)

    def __len__(self):
        return len(self.columns[self.column_names[0]])

    def tensors(self, values):
        first = values[0] if isinstance(values, list) else values
        return torch.tensor(values) if self.format == "torch" and not isinstance(first, str) else values

    def __getitem__(self, key):
        if isinstance(key, str):
            return self.tensors(self.columns[key])
        return {name: self.tensors(column[key]) for name, column in self.columns.items()}

    def map(self, function):
        rows = [Columns(self.columns)[i] for i in range(len(self))]
        rows = [{**row, **function(row)} for row in rows]
        self.columns = {name: [row[name] for row in rows] for name in rows[0]}
        return self

    def with_format(self, format):
        return Columns(self.columns, format)


# %% wrong: format-in-place (-)
class Columns(Dataset):
    def __init__(self, columns, format=None):
        self.columns = columns
        self.format = format

    @property
    def column_names(self):
        return list(self.columns)

    def __len__(self):
        return len(self.columns[self.column_names[0]])

    def tensors(self, values):
        first = values[0] if isinstance(values, list) else values
        return torch.tensor(values) if self.format == "torch" and not isinstance(first, str) else values

    def __getitem__(self, key):
        if isinstance(key, str):
            return self.tensors(self.columns[key])
        return {name: self.tensors(column[key]) for name, column in self.columns.items()}

    def map(self, function):
        rows = [Columns(self.columns)[i] for i in range(len(self))]
        rows = [{**row, **function(row)} for row in rows]
        return Columns({name: [row[name] for row in rows] for name in rows[0]})

    def with_format(self, format):
        self.format = format
        return self


# %% wrong: columns-without-a-format (-)
class Columns(Dataset):
    def __init__(self, columns, format=None):
        self.columns = columns
        self.format = format

    @property
    def column_names(self):
        return list(self.columns)

    def __len__(self):
        return len(self.columns[self.column_names[0]])

    def tensors(self, values):
        first = values[0] if isinstance(values, list) else values
        return torch.tensor(values) if self.format == "torch" and not isinstance(first, str) else values

    def __getitem__(self, key):
        if isinstance(key, str):
            return self.columns[key]
        return {name: self.tensors(column[key]) for name, column in self.columns.items()}

    def map(self, function):
        rows = [Columns(self.columns)[i] for i in range(len(self))]
        rows = [{**row, **function(row)} for row in rows]
        return Columns({name: [row[name] for row in rows] for name in rows[0]})

    def with_format(self, format):
        return Columns(self.columns, format)


# %% wrong: slices-of-tensors-in-a-list (-)
class Columns(Dataset):
    def __init__(self, columns, format=None):
        self.columns = columns
        self.format = format

    @property
    def column_names(self):
        return list(self.columns)

    def __len__(self):
        return len(self.columns[self.column_names[0]])

    def tensors(self, values):
        first = values[0] if isinstance(values, list) else values
        if isinstance(values, list) and self.format == "torch" and not isinstance(first, str):
            return [torch.tensor(value) for value in values]
        return torch.tensor(values) if self.format == "torch" and not isinstance(first, str) else values

    def __getitem__(self, key):
        if isinstance(key, str):
            return self.tensors(self.columns[key])
        return {name: self.tensors(column[key]) for name, column in self.columns.items()}

    def map(self, function):
        rows = [Columns(self.columns)[i] for i in range(len(self))]
        rows = [{**row, **function(row)} for row in rows]
        return Columns({name: [row[name] for row in rows] for name in rows[0]})

    def with_format(self, format):
        return Columns(self.columns, format)


# %% wrong: unknown-names-are-none (-)
class Columns(Dataset):
    def __init__(self, columns, format=None):
        self.columns = columns
        self.format = format

    @property
    def column_names(self):
        return list(self.columns)

    def __len__(self):
        return len(self.columns[self.column_names[0]])

    def tensors(self, values):
        first = values[0] if isinstance(values, list) else values
        return torch.tensor(values) if self.format == "torch" and not isinstance(first, str) else values

    def __getitem__(self, key):
        if isinstance(key, str):
            return self.tensors(self.columns.get(key, [""]))
        return {name: self.tensors(column[key]) for name, column in self.columns.items()}

    def map(self, function):
        rows = [Columns(self.columns)[i] for i in range(len(self))]
        rows = [{**row, **function(row)} for row in rows]
        return Columns({name: [row[name] for row in rows] for name in rows[0]})

    def with_format(self, format):
        return Columns(self.columns, format)


# %% wrong: endless-rows (-)
class Columns(Dataset):
    def __init__(self, columns, format=None):
        self.columns = columns
        self.format = format

    @property
    def column_names(self):
        return list(self.columns)

    def __len__(self):
        return len(self.columns[self.column_names[0]])

    def tensors(self, values):
        first = values[0] if isinstance(values, list) else values
        return torch.tensor(values) if self.format == "torch" and not isinstance(first, str) else values

    def __getitem__(self, key):
        if isinstance(key, str):
            return self.tensors(self.columns[key])
        if isinstance(key, int):
            key = key % len(self)
        return {name: self.tensors(column[key]) for name, column in self.columns.items()}

    def map(self, function):
        rows = [Columns(self.columns)[i] for i in range(len(self))]
        rows = [{**row, **function(row)} for row in rows]
        return Columns({name: [row[name] for row in rows] for name in rows[0]})

    def with_format(self, format):
        return Columns(self.columns, format)


# %% right: rows-inside
import copy


class Columns(Dataset):
    def __init__(self, columns):
        self.column_names = list(columns.keys())
        self.rows = [dict(zip(columns, values)) for values in zip(*columns.values())]
        self.torch = False

    def __len__(self):
        return len(self.rows)

    def convert(self, value):
        if not self.torch:
            return value
        if isinstance(value, list):
            return value if any(isinstance(v, str) for v in value) else torch.tensor(value)
        return value if isinstance(value, str) else torch.tensor(value)

    def column(self, name, rows):
        return self.convert([row[name] for row in rows])

    def __getitem__(self, key):
        if isinstance(key, int):
            return {name: self.convert(value) for name, value in self.rows[key].items()}
        elif isinstance(key, slice):
            return {name: self.column(name, self.rows[key]) for name in self.column_names}
        elif key not in self.column_names:
            raise KeyError(key)
        return self.column(key, self.rows)

    def map(self, function):
        new = copy.deepcopy(self)
        for row in new.rows:
            row.update(function(row))
        new.column_names = list(new.rows[0])
        return new

    def with_format(self, name):
        new = copy.copy(self)
        new.torch = name == "torch"
        return new


# %% right: match-on-the-key
class Columns(Dataset):
    def __init__(self, columns):
        self._columns = {name: tuple(values) for name, values in columns.items()}
        self._format = None

    def __len__(self):
        return max(len(values) for values in self._columns.values())

    @property
    def column_names(self):
        return [name for name in self._columns]

    def __getitem__(self, key):
        match key:
            case str():
                return self._out(list(self._columns[key]))
            case slice():
                return {name: self._out(list(values[key])) for name, values in self._columns.items()}
            case _:
                n = len(self)
                if key < -n or key >= n:
                    raise IndexError(f"no row {key}")
                return {name: self._out(values[key]) for name, values in self._columns.items()}

    def _out(self, value):
        if self._format != "torch":
            return value
        try:
            return torch.tensor(value)
        except (TypeError, ValueError):
            return value

    def map(self, function):
        columns = {}
        for i in range(len(self)):
            row = {name: values[i] for name, values in self._columns.items()}
            row = row | function(dict(row))
            for name in row:
                columns.setdefault(name, []).append(row[name])
        return Columns(columns)

    def with_format(self, type=None):
        other = Columns(self._columns)
        other._format = type
        return other


# %% right: a-subclass-for-tensors
class Columns(Dataset):
    def __init__(self, columns):
        self.columns = dict(columns)

    def __len__(self):
        for column in self.columns.values():
            return len(column)

    @property
    def column_names(self):
        return [*self.columns]

    def __getitem__(self, key):
        if type(key) is str:
            return self.columns[key]
        return {name: self.columns[name][key] for name in self.columns}

    def map(self, function):
        columns = {}
        new = [function(self[i]) for i in range(len(self))]
        for name in self.columns:
            columns[name] = self.columns[name]
        for name in new[0]:
            columns[name] = [row[name] for row in new]
        return Columns(columns)

    def with_format(self, format):
        return TorchColumns(self.columns) if format == "torch" else Columns(self.columns)


class TorchColumns(Columns):
    def __getitem__(self, key):
        found = super().__getitem__(key)
        if isinstance(found, dict):
            return {name: as_tensor(value) for name, value in found.items()}
        return as_tensor(found)


def as_tensor(value):
    example = value[0] if isinstance(value, list) else value
    if isinstance(example, (int, float)):
        return torch.tensor(value)
    return value
