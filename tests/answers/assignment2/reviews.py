# %% wrong: class-is-a-string (-)
class Reviews(Dataset):
    def __init__(self, path):
        with open(path) as file:
            self.lines = file.read().splitlines()

    def __len__(self):
        return len(self.lines)

    def __getitem__(self, index):
        label, text = self.lines[index].split("\t")
        return {"Text": text, "Class": label}

# %% wrong: quotation-marks-eaten (-)
import csv

class Reviews(Dataset):
    def __init__(self, path):
        with open(path, newline="") as file:
            self.rows = list(csv.reader(file, delimiter="\t"))

    def __len__(self):
        return len(self.rows)

    def __getitem__(self, index):
        label, text = self.rows[index]
        return {"Text": text, "Class": int(label)}

# %% wrong: length-counts-what-follows-the-last-line (dataset_len_wrong)
class Reviews(Dataset):
    def __init__(self, path):
        with open(path) as file:
            self.lines = file.read().split("\n")

    def __len__(self):
        return len(self.lines)

    def __getitem__(self, index):
        label, text = self.lines[index].split("\t")
        return {"Text": text, "Class": int(label)}

# %% wrong: starts-again-at-the-end (dataset_iter_endless)
class Reviews(Dataset):
    def __init__(self, path):
        with open(path) as file:
            self.lines = file.read().splitlines()

    def __len__(self):
        return len(self.lines)

    def __getitem__(self, index):
        label, text = self.lines[index % len(self)].split("\t")
        return {"Text": text, "Class": int(label)}

# %% wrong: always-the-same-file (-)
class Reviews(Dataset):
    def __init__(self, path):
        with open("data/reviews.tsv") as file:
            self.lines = file.read().splitlines()

    def __len__(self):
        return len(self.lines)

    def __getitem__(self, index):
        label, text = self.lines[index].split("\t")
        return {"Text": text, "Class": int(label)}

# %% right: list-of-dictionaries
class Reviews(Dataset):
    def __init__(self, path):
        self.data = []
        for line in open(path, encoding="utf-8").read().strip().split("\n"):
            label, _, text = line.partition("\t")
            self.data.append({"Text": text, "Class": int(label)})

    def __len__(self):
        return len(self.data)

    def __getitem__(self, index):
        return self.data[index]

# %% right: csv-without-quoting
import csv

class Reviews(Dataset):
    def __init__(self, path):
        with open(path, encoding="utf-8", newline="") as file:
            reader = csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
            self.labels, self.texts = zip(*reader)

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, index):
        return dict(Class=int(self.labels[index]), Text=self.texts[index])
