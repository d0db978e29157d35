# %% wrong: any-word-character (-)
import re
from collections import Counter

def tokenize(text):
    return re.findall(r"[\w']+", text.lower())

class Vocabulary:
    def __init__(self, texts):
        counts = Counter(token for text in texts for token in tokenize(text))
        self.tokens = ["<pad>", "<unk>", *sorted(counts, key=lambda token: (-counts[token], token))]
        self.numbers = {token: i for i, token in enumerate(self.tokens)}

    def __len__(self):
        return len(self.tokens)

    def encode(self, text):
        return torch.tensor([self.numbers.get(token, 1) for token in tokenize(text)], dtype=torch.long)

    def decode(self, tensor):
        return " ".join(self.tokens[i] for i in tensor.tolist() if i != 0)

# %% wrong: ties-in-order-of-appearance (-)
import re
from collections import Counter

def tokenize(text):
    return re.findall(r"[a-z0-9']+", text.lower())

class Vocabulary:
    def __init__(self, texts):
        counts = Counter(token for text in texts for token in tokenize(text))
        self.tokens = ["<pad>", "<unk>"] + [token for token, _ in counts.most_common()]
        self.numbers = {token: i for i, token in enumerate(self.tokens)}

    def __len__(self):
        return len(self.tokens)

    def encode(self, text):
        return torch.tensor([self.numbers.get(token, 1) for token in tokenize(text)], dtype=torch.long)

    def decode(self, tensor):
        return " ".join(self.tokens[i] for i in tensor.tolist() if i != 0)

# %% wrong: empty-text-is-float (dtype_mismatch)
import re
from collections import Counter

def tokenize(text):
    return re.findall(r"[a-z0-9']+", text.lower())

class Vocabulary:
    def __init__(self, texts):
        counts = Counter(token for text in texts for token in tokenize(text))
        self.tokens = ["<pad>", "<unk>", *sorted(counts, key=lambda token: (-counts[token], token))]
        self.numbers = {token: i for i, token in enumerate(self.tokens)}

    def __len__(self):
        return len(self.tokens)

    def encode(self, text):
        return torch.tensor([self.numbers.get(token, 1) for token in tokenize(text)])

    def decode(self, tensor):
        return " ".join(self.tokens[i] for i in tensor.tolist() if i != 0)

# %% wrong: stops-at-padding (-)
import re
from collections import Counter

def tokenize(text):
    return re.findall(r"[a-z0-9']+", text.lower())

class Vocabulary:
    def __init__(self, texts):
        counts = Counter(token for text in texts for token in tokenize(text))
        self.tokens = ["<pad>", "<unk>", *sorted(counts, key=lambda token: (-counts[token], token))]
        self.numbers = {token: i for i, token in enumerate(self.tokens)}

    def __len__(self):
        return len(self.tokens)

    def encode(self, text):
        return torch.tensor([self.numbers.get(token, 1) for token in tokenize(text)], dtype=torch.long)

    def decode(self, tensor):
        words = []
        for i in tensor.tolist():
            if i == 0:
                break
            words.append(self.tokens[i])
        return " ".join(words)

# %% wrong: counts-texts-not-words (-)
import re
from collections import Counter

def tokenize(text):
    return re.findall(r"[a-z0-9']+", text.lower())

class Vocabulary:
    def __init__(self, texts):
        counts = Counter(token for text in texts for token in set(tokenize(text)))
        self.tokens = ["<pad>", "<unk>", *sorted(counts, key=lambda token: (-counts[token], token))]
        self.numbers = {token: i for i, token in enumerate(self.tokens)}

    def __len__(self):
        return len(self.tokens)

    def encode(self, text):
        return torch.tensor([self.numbers.get(token, 1) for token in tokenize(text)], dtype=torch.long)

    def decode(self, tensor):
        return " ".join(self.tokens[i] for i in tensor.tolist() if i != 0)

# %% right: sorted-twice
import re

def tokenize(text):
    pattern = re.compile("[a-z0-9']+")
    return [match.group() for match in pattern.finditer(text.lower())]


class Vocabulary:
    PAD, UNK = 0, 1

    def __init__(self, texts):
        counts = {}
        for text in texts:
            for token in tokenize(text):
                counts[token] = counts.get(token, 0) + 1
        words = sorted(counts)
        words.sort(key=counts.get, reverse=True)
        self.stoi = {"<pad>": self.PAD, "<unk>": self.UNK}
        for word in words:
            self.stoi[word] = len(self.stoi)
        self.itos = {number: word for word, number in self.stoi.items()}

    def __len__(self):
        return len(self.stoi)

    def encode(self, text):
        return torch.LongTensor([self.stoi.get(token, self.UNK) for token in tokenize(text)])

    def decode(self, tensor):
        return " ".join([self.itos[int(number)] for number in tensor if number != self.PAD])

# %% right: without-regular-expressions
from collections import Counter

ALPHABET = "abcdefghijklmnopqrstuvwxyz0123456789'"

def tokenize(text):
    return "".join(c if c in ALPHABET else " " for c in text.lower()).split()

class Vocabulary:
    def __init__(self, texts):
        counts = Counter()
        for text in texts:
            counts.update(tokenize(text))
        by_frequency = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
        self.tokens = ["<pad>", "<unk>"] + [token for token, _ in by_frequency]

    def __len__(self):
        return len(self.tokens)

    def encode(self, text):
        tokens = tokenize(text)
        numbers = torch.ones(len(tokens), dtype=torch.int64)
        for position, token in enumerate(tokens):
            if token in self.tokens:
                numbers[position] = self.tokens.index(token)
        return numbers

    def decode(self, tensor):
        return " ".join(self.tokens[number] for number in tensor[tensor != 0])
