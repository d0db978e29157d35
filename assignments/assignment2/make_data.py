"""Make the files in `data`, always the same ones.

python make_data.py [FOLDER]
"""

from __future__ import annotations

import random
import sys
from pathlib import Path

import numpy as np

REVIEWS = [
    (2, "A warm film with a clever ending."),
    (0, "Two hours that felt like four; I wanted my evening back."),
    (2, '"Wonderful" is the only word for it.'),
    (1, "Nice music, thin story."),
    (0, "The plot makes no sense, and neither does the ending."),
    (2, "I laughed, I cried, I stayed for the credits!"),
    (1, "It's fine. Not great, not bad, just fine."),
    (0, "They called it 'a thriller'. I fell asleep."),
    (2, "See it twice: the second time is even better."),
    (1, "Good actors do what they can with a weak script."),
    (0, "Don't."),
    (2, "The best film of the year, and it's only May."),
]

MORE_REVIEWS = [
    (1, "Pretty pictures, little else."),
    (0, '"Funny", says the poster. It lies.'),
    (2, "A small film with a big heart."),
    (2, "My children want to see it again."),
    (0, "No."),
    (2, "It made me smile. "),
    (1, " Slow, long, and rather lax"),
]


def table(source: random.Random, rows: int) -> str:
    """Four numbers and the class of the point they describe."""
    lines = ["x1,x2,x3,x4,label"]
    for _ in range(rows):
        label = source.randrange(3)
        point = [source.gauss(label * weight, 1.0) for weight in (1.0, -0.5, 0.0, 2.0)]
        lines.append(",".join([*(f"{x:.3f}" for x in point), str(label)]))
    return "\n".join(lines) + "\n"


def images(source: random.Random, count: int, height: int, width: int) -> np.ndarray:
    """Bright bars on a dark and noisy ground, some of them dimmer than others."""
    result = np.zeros((count, height, width), dtype=np.uint8)
    for i in range(count):
        top = 255 if i % 3 == 0 else source.randrange(120, 250)
        for y in range(height):
            for x in range(width):
                result[i, y, x] = source.randrange(40)
        if i % 2:
            result[i, source.randrange(height), :] = top
        else:
            result[i, :, source.randrange(width)] = top
    return result


def reviews(rows: list[tuple[int, str]]) -> str:
    return "".join(f"{label}\t{text}\n" for label, text in rows)


def main(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    source = random.Random(2)
    for name, text in {
        "table.csv": table(source, 30),
        "table_test.csv": table(source, 12),
        "reviews.tsv": reviews(REVIEWS),
        "reviews_more.tsv": reviews(MORE_REVIEWS),
    }.items():
        (folder / name).write_bytes(text.encode("utf-8"))
    np.save(folder / "images.npy", images(source, 20, 8, 8))
    np.save(folder / "images_wide.npy", images(source, 7, 5, 6))


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parent / "data")
