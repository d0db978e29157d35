# %% wrong: float64 (dtype_mismatch)
import numpy as np

class Images(Dataset):
    def __init__(self, path, transform=None):
        self.pixels = np.load(path)
        self.transform = transform

    def __len__(self):
        return len(self.pixels)

    def __getitem__(self, index):
        image = torch.from_numpy(self.pixels[index][None] / 255)
        return self.transform(image) if self.transform else image

    def __repr__(self):
        n, h, w = self.pixels.shape
        return f"Images({n} images of {h}x{w})"

# %% wrong: transformed-at-the-start (-)
import numpy as np

class Images(Dataset):
    def __init__(self, path, transform=None):
        pixels = np.load(path)
        self.count, self.height, self.width = pixels.shape
        self.images = [torch.tensor(p)[None].float() / 255 for p in pixels]
        if transform is not None:
            self.images = [transform(image) for image in self.images]

    def __len__(self):
        return self.count

    def __getitem__(self, index):
        image = self.images[index]
        return image.clone() if isinstance(image, torch.Tensor) else image

    def __repr__(self):
        return f"Images({self.count} images of {self.height}x{self.width})"

# %% wrong: transform-before-scaling (-)
import numpy as np

class Images(Dataset):
    def __init__(self, path, transform=None):
        self.pixels = torch.from_numpy(np.load(path))
        self.transform = transform

    def __len__(self):
        return len(self.pixels)

    def __getitem__(self, index):
        image = self.pixels[index].unsqueeze(0).float()
        if self.transform:
            image = self.transform(image)
        return image / 255

    def __repr__(self):
        n, h, w = self.pixels.shape
        return f"Images({n} images of {h}x{w})"

# %% wrong: lambda-for-no-transform (lambda_pickle)
import numpy as np

class Images(Dataset):
    def __init__(self, path, transform=None):
        self.pixels = torch.from_numpy(np.load(path))
        self.transform = transform or (lambda image: image)

    def __len__(self):
        return len(self.pixels)

    def __getitem__(self, index):
        return self.transform(self.pixels[index].unsqueeze(0).float() / 255)

    def __repr__(self):
        n, h, w = self.pixels.shape
        return f"Images({n} images of {h}x{w})"

# %% wrong: views-of-the-dataset (shared_memory)
import numpy as np

class Images(Dataset):
    def __init__(self, path, transform=None):
        self.images = torch.from_numpy(np.load(path)).unsqueeze(1).float() / 255
        self.transform = transform

    def __len__(self):
        return len(self.images)

    def __getitem__(self, index):
        image = self.images[index]
        return self.transform(image) if self.transform else image

    def __repr__(self):
        n, _, h, w = self.images.shape
        return f"Images({n} images of {h}x{w})"

# %% wrong: size-by-heart (shape_mismatch)
import numpy as np

class Images(Dataset):
    def __init__(self, path, transform=None):
        self.pixels = torch.from_numpy(np.load(path))
        self.transform = transform

    def __len__(self):
        return 20

    def __getitem__(self, index):
        image = self.pixels[index].reshape(1, 8, 8).float() / 255
        return self.transform(image) if self.transform else image

    def __repr__(self):
        n, h, w = self.pixels.shape
        return f"Images({n} images of {h}x{w})"

# %% right: numpy-does-the-work
import numpy as np

class Images(Dataset):
    def __init__(self, path, transform=None):
        super().__init__()
        self.array = np.load(path).astype(np.float32) / np.float32(255)
        self.transform = transform

    def __len__(self):
        return self.array.shape[0]

    def __getitem__(self, index):
        image = torch.tensor(self.array[index])[None, :, :]
        if self.transform:
            image = self.transform(image)
        return image

    def __repr__(self):
        return "Images(%d images of %dx%d)" % self.array.shape

# %% right: identity-as-a-method
import numpy as np

class Images(Dataset):
    def __init__(self, path, transform=None):
        self.pixels = np.load(path)
        self.transform = self.keep if transform is None else transform

    @staticmethod
    def keep(image):
        return image

    def __len__(self):
        return len(self.pixels)

    def __getitem__(self, index):
        rows = self.pixels[index].tolist()
        return self.transform(torch.tensor([rows], dtype=torch.float) / 255.0)

    def __repr__(self):
        return f"Images({len(self.pixels)} images of {self.pixels.shape[1]}x{self.pixels.shape[2]})"
