"""Makes data/images.npy and data/labels.npy: noisy little pictures of four shapes.

Run it in any folder: `python assignments/assignment3/make_data.py`. The same numbers
come out every time, byte for byte.
"""

from pathlib import Path

import numpy as np

SIDE = 8
CLASSES = ("flat line", "upright line", "slanted line", "frame")


def shape(label: int, size: int) -> np.ndarray:
    """A picture of `size` x `size` pixels: 1 where the shape is, 0 elsewhere."""
    picture = np.zeros((size, size))
    if label == 0:
        picture[size // 2, :] = 1
    elif label == 1:
        picture[:, size // 2] = 1
    elif label == 2:
        np.fill_diagonal(picture, 1)
    else:
        picture[[0, -1], :] = 1
        picture[:, [0, -1]] = 1
    return picture


def shapes(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """`count` pictures (uint8, count x 8 x 8) and their labels (int64, 0 to 3), all classes alike."""
    random = np.random.RandomState(seed)
    labels = random.permutation(np.arange(count) % len(CLASSES)).astype(np.int64)
    images = np.zeros((count, SIDE, SIDE), dtype=np.uint8)
    for image, label in zip(images, labels, strict=True):
        size = random.randint(4, 7)
        top, left = random.randint(0, SIDE - size + 1, size=2)
        picture = shape(label, size)
        if label == 2 and random.randint(2):
            picture = picture[:, ::-1]
        clean = np.zeros((SIDE, SIDE))
        clean[top : top + size, left : left + size] = picture * random.randint(60, 101) / 100
        noise = random.randint(-25, 26, size=(SIDE, SIDE)) / 100
        image[:] = np.clip((clean + noise) * 255, 0, 255).astype(np.uint8)
    return images, labels


if __name__ == "__main__":
    folder = Path(__file__).resolve().parent / "data"
    folder.mkdir(exist_ok=True)
    images, labels = shapes(400, seed=3)
    np.save(folder / "images.npy", images)
    np.save(folder / "labels.npy", labels)
