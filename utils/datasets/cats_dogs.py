"""Photos of cats and dogs for lessons 03 and 04, and drawn animals that stand in for them."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from filelock import FileLock
from PIL import Image, UnidentifiedImageError
from tqdm.auto import tqdm

from utils import settings
from utils.datasets import store
from utils.datasets.archives import DataError, extract
from utils.datasets.cache import cache_folder
from utils.datasets.download import progress_hidden
from utils.datasets.drawn_animals import draw_animal

NAME = "cats_and_dogs_filtered.zip"
CLASSES = ("cats", "dogs")  # label 0 and 1, as Keras numbers folders
PARTS = ("train", "validation")
DRAWN = "cats_and_dogs_drawn"
DRAWING_VERSION = "1"
MOST_DAMAGED = 0.02  # of the photos; beyond that something is wrong with the whole folder
# Photos whose folder is plainly not what they show, with what they show (label 0 cat, 1 dog). Found by looking at the
# 92 photos of validation/ that either ImageNet's own classes or frozen features misread; there may be more. Photos of
# neither (cat.4338.jpg) or too small to tell are not here.
WRONG_LABELS = {"cat.4085.jpg": 1, "dog.4334.jpg": 0}


@dataclass(frozen=True)
class CatsAndDogs:
    """A folder ``train/{cats,dogs}`` and ``validation/{cats,dogs}`` of JPEG files.

    Hidden files (a stick written by a Mac holds a ``._cat.1.jpg`` beside each photo) are not photos and not counted;
    neither are files that end before the photo does.

    Attributes:
        folder: of the two parts.
        is_stand_in: drawings instead of photos.
        damaged: files that are left out, and why, e.g. ``{"train/cats/cat.666.jpg": "is empty"}``.
    """

    folder: Path
    is_stand_in: bool = False
    damaged: dict[str, str] = field(default_factory=dict)

    def paths(self, part: str) -> tuple[list[Path], np.ndarray]:
        """Files of one part, in the order of their numbers, and their labels (int32; 0 cat, 1 dog).

        Raises:
            ValueError: another part than train or validation.
        """
        if part not in PARTS:
            raise ValueError(f"There is no part {part!r}; choose one of {', '.join(PARTS)}.")
        paths, labels = [], []
        for label, kind in enumerate(CLASSES):
            found = self._photos(part, kind)
            paths += found
            labels += [label] * len(found)
        return paths, np.array(labels, dtype=np.int32)

    def counts(self) -> dict[str, int]:
        """Number of pictures by ``part/kind``, e.g. ``{"train/cats": 1000, ...}``."""
        return {f"{part}/{kind}": len(self._photos(part, kind)) for part in PARTS for kind in CLASSES}

    def _photos(self, part: str, kind: str) -> list[Path]:
        found = photo_files(self.folder / part / kind)
        return sorted((path for path in found if f"{part}/{kind}/{path.name}" not in self.damaged), key=_number)


def photo_files(folder: Path) -> list[Path]:
    """The JPEG files of a folder, whole or not; hidden ones are none."""
    return [path for path in folder.glob("*.jpg") if not path.name.startswith(".") and path.is_file()]


def corrected(paths: Sequence[Path], labels: np.ndarray) -> np.ndarray:
    """The labels with those known to be wrong (:data:`WRONG_LABELS`) set right; the given array stays."""
    return np.array([WRONG_LABELS.get(path.name, label) for path, label in zip(paths, labels)], dtype=labels.dtype)


def damage(path: Path) -> str | None:
    """What is wrong with a JPEG file, in words, or None; reads its ends, and all of it only where they look odd."""
    try:
        with open(path, "rb") as file:
            start = file.read(2)
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - 2))
            end = file.read()
        if size == 0:
            return "is empty"
        if start == b"\xff\xd8" and end == b"\xff\xd9":
            return None
        with Image.open(path) as picture:  # some cameras write on after the end
            picture.load()
    except UnidentifiedImageError:
        return "is no image"
    except (OSError, SyntaxError, ValueError) as error:
        return f"is damaged ({getattr(error, 'strerror', None) or error})"
    return None


def _without_damaged(data: CatsAndDogs) -> CatsAndDogs:
    """The same, damaged files noted and named.

    Raises:
        DataError: they are more than a few.
    """
    places = [f"{part}/{kind}" for part in PARTS for kind in CLASSES]
    files = [(f"{place}/{path.name}", path) for place in places for path in photo_files(data.folder / place)]
    damaged = {name: what for name, path in files if (what := damage(path)) is not None}
    if not damaged:
        return data
    named = "; ".join(f"{name} {what}" for name, what in list(damaged.items())[:5])
    named += f"; and {len(damaged) - 5:,} more" if len(damaged) > 5 else ""
    if len(damaged) > max(MOST_DAMAGED * len(files), 1):
        raise DataError(
            f"{len(damaged):,} of {len(files):,} photos in {data.folder} cannot be used: {named}. Delete the folder, "
            f"and {NAME} beside it, and run `make data` to fetch them again."
        )
    print(f"Left out, of {len(files):,} photos in {data.folder.name}: {named}.")
    return replace(data, damaged=damaged)


def _number(path: Path) -> tuple[int, str]:
    digits = "".join(character for character in path.stem if character.isdigit())
    return int(digits or 0), path.name


def load_cats_and_dogs() -> CatsAndDogs:
    """2,000 photos to train on and 1,000 to validate, half cats, half dogs; drawn animals where they cannot be had.

    The official archive and the mirror's have the same layout under different folder names; either is found. A few
    damaged photos are named and left out.

    Raises:
        DataError: the archive is damaged, has another layout, or more than one photo in fifty is damaged.
    """
    path = store.fetch(NAME)
    if path is None:
        store.announce_stand_in(NAME, "drawings of cats and dogs, generated from a seed")
        return CatsAndDogs(draw_folder(), is_stand_in=True)
    folder = extract(path, _writable_folder() / NAME.removesuffix(".zip"))
    for place in (folder, *sorted(child for child in folder.iterdir() if child.is_dir())):
        data = CatsAndDogs(place)
        if all(data.counts().values()):
            return _without_damaged(data)
    raise DataError(f"{path} does not hold train/ and validation/ with cats/ and dogs/; delete it and run `make data`.")


def _writable_folder() -> Path:
    """The cache, or a temporary folder where the cache cannot be written."""
    folder = cache_folder()
    if not settings.writable(folder):
        return settings.temporary_folder()
    folder.mkdir(parents=True, exist_ok=True)
    return folder


# ---------------------------------------------------------------------------------------------------------------------
# The stand-in


def draw_folder(n_train: int = 300, n_validation: int = 150, size: int = 160, seed: int = 4) -> Path:
    """Draw the stand-in once and return its folder, which has the layout of the photos' folder.

    Args:
        n_train: pictures of each kind in train/.
        n_validation: pictures of each kind in validation/; no drawing is in both.
        size: pixels of a side.
        seed: the same seed draws the same pictures.
    """
    name = f"{DRAWN}-{DRAWING_VERSION}-{n_train}-{n_validation}-{size}-{seed}"
    folder = _writable_folder() / name
    if folder.is_dir():
        return folder
    with FileLock(folder.with_name(f".{name}.lock"), timeout=600):
        if folder.is_dir():
            return folder
        temporary = Path(tempfile.mkdtemp(prefix=f".{name}.", suffix=".part", dir=folder.parent))
        try:
            _draw_parts(
                temporary, {"train": range(n_train), "validation": range(n_train, n_train + n_validation)}, size, seed
            )
            temporary.chmod(0o755)
            os.replace(temporary, folder)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)
    return folder


def _draw_parts(folder: Path, numbers: dict[str, range], size: int, seed: int) -> None:
    jobs = [(part, label, number) for part in PARTS for label in range(len(CLASSES)) for number in numbers[part]]
    for part, label, number in tqdm(jobs, desc="Drawing cats and dogs", disable=progress_hidden(), leave=False):
        kind = CLASSES[label].removesuffix("s")
        target = folder / part / CLASSES[label]
        target.mkdir(parents=True, exist_ok=True)
        picture = draw_animal(kind, np.random.default_rng([seed, label, number]), size)
        picture.save(target / f"{kind}.{number}.jpg", quality=90)
