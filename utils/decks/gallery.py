"""Lesson 03's pictures for the lecture: what takes minutes to climb or to occlude is made once and shipped.

A deck must open in a second, offline, and without photos of its own. ``python -m utils.decks.gallery`` climbs the
images that filters and classes like best, learns the filter banks and occludes three pictures that come with installed
packages, all with EfficientNet-Lite0, and writes them to mldata/gallery/ with a line of provenance each
(lesson03.json). What is there already is left alone; ``--force`` makes all anew (ten minutes on two cores).
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import time
from importlib import resources
from pathlib import Path

import numpy as np
from PIL import Image

from utils import commands
from utils.checkpoints import write_atomically
from utils.runtime import repo_root

SEA_SNAKE, MAGPIE = 65, 18
# Shallow to deep, and how large an image is painted for each: what the notebook shows at the cpu budget.
CARPETS = {
    "stem_act": 48,
    "block2_expand_act": 64,
    "block4_expand_act": 80,
    "block10_expand_act": 96,
    "head_act": 128,
}
PER_DEPTH = 6
CLIMB = (0, 2, 8, 24, 64)  # steps after which the climb of one filter is shown
STEPS = 64
MASK, STRIDE = 32, 16
# Photos that installed packages carry: a public-domain portrait, two pictures under CC BY (scikit-learn names them).
# The box is the square we look at: left, top, right, bottom.
PHOTOS = {
    "hopper": ("matplotlib", "mpl-data/sample_data/grace_hopper.jpg", (0, 0, 512, 512)),
    "flower": ("sklearn", "datasets/images/flower.jpg", (0, 0, 427, 427)),
    "palace": ("sklearn", "datasets/images/china.jpg", (60, 60, 400, 400)),
}


def folder() -> Path:
    """Where the pictures lie."""
    return repo_root() / "mldata" / "gallery"


def photo(name: str, size: int = 224) -> np.ndarray:
    """One of ``PHOTOS``, its square cut out and reduced: (size, size, 3) uint8. Used in lecture 3.

    Raises:
        KeyError: an unknown name.
        FileNotFoundError: the package that carries it has changed.
    """
    package, path, box = PHOTOS[name]
    with resources.as_file(resources.files(package).joinpath(path)) as file, Image.open(file) as picture:
        square = picture.convert("RGB").crop(box)
        return np.asarray(square.resize((size, size), Image.Resampling.BICUBIC))


def picture(name: str) -> np.ndarray:
    """A climbed image, e.g. ``magpie_plain`` or ``carpet_stem_act_0``: (side, side, 3) uint8.

    Raises:
        FileNotFoundError: there is none of that name; the message names the command.
    """
    with Image.open(_made(f"{name}.png")) as file:
        return np.asarray(file.convert("RGB"))


def array(name: str) -> np.ndarray:
    """A filter bank (``bank_grey``, ``bank_colour``) or an occlusion map (``occlusion_flower`` ...), float32.

    Raises:
        FileNotFoundError: there is none of that name; the message names the command.
    """
    return np.load(_made(f"{name}.npy"), allow_pickle=False).astype(np.float32)


def _made(name: str) -> Path:
    path = folder() / name
    if not path.exists():
        raise FileNotFoundError(f"{path} is missing; `python -m utils.decks.gallery` makes it.")
    return path


def facts(name: str) -> dict:
    """How a picture was made and what the network says of it, from lesson03.json."""
    return json.loads((folder() / "lesson03.json").read_text(encoding="utf-8"))[name]


# ---------------------------------------------------------------------------------------------------------------------
# Making it


class _Shelf:
    """Writes each piece at once, so that a killed run loses one piece only."""

    def __init__(self, force: bool):
        self.force, self.path = force, folder() / "lesson03.json"
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.facts = json.loads(self.path.read_text(encoding="utf-8")) if self.path.exists() else {}

    def wants(self, name: str) -> bool:
        return self.force or name not in self.facts

    def put(self, name: str, value: np.ndarray, **told: object) -> None:
        if value.dtype == np.uint8:
            image = Image.fromarray(value)
            write_atomically(folder() / f"{name}.png", lambda file: image.save(file, "PNG", optimize=True))
        else:
            write_atomically(folder() / f"{name}.npy", lambda file: np.save(file, value.astype(np.float16)))
        self.facts[name] = {**told, "date": time.strftime("%Y-%m-%d"), "command": "python -m utils.decks.gallery"}
        text = json.dumps(self.facts, indent=1, sort_keys=True) + "\n"
        write_atomically(self.path, lambda file: file.write(text.encode("utf-8")))
        print(f"{name}: {told}", flush=True)


def ascents(steps: int = STEPS):
    """The notebook's five ways to climb, by name."""
    from utils.vision.maximize import TRANSFORMED, Ascent

    return {
        "plain": Ascent(steps=steps, rate=6.0),
        "jitter": Ascent(steps=steps, rate=6.0, jitter=12),
        "blur": Ascent(steps=steps, rate=6.0, jitter=12, blur=0.8, decay=0.01),
        "fourier": Ascent(steps=2 * steps, rate=0.05, jitter=12, fourier=True),
        "all": dataclasses.replace(TRANSFORMED, steps=3 * steps),
    }


def make_classes(network, shelf: _Shelf, steps: int = STEPS) -> None:
    """Magpies in five ways, sea snakes in two."""
    from utils.vision import maximize

    wanted = [("magpie", MAGPIE, way) for way in ascents()] + [("snake", SEA_SNAKE, way) for way in ("plain", "all")]
    for kind, index, way in wanted:
        if not shelf.wants(f"{kind}_{way}"):
            continue
        image = maximize.maximize_class(network.logits, index, ascents(steps)[way], progress=False)
        sure = float(network.predict(image)[0, index])
        mean, least = maximize.probability_under_shifts(network.model, image, index)
        shelf.put(
            f"{kind}_{way}",
            image,
            network=network.name,
            steps=ascents(steps)[way].steps,
            probability=round(sure, 4),
            shifted_mean=round(mean, 4),
            shifted_least=round(least, 4),
            recognised=round(maximize.recognised(network.model, image, index, count=64), 4),
        )


def make_carpets(network, shelf: _Shelf, steps: int = 64) -> None:
    """Images that maximise the mean of a few filters' maps, of five layers.

    The maps are taken before their ReLU6: a filter that is silent on noise would have no gradient to climb.
    """
    from utils.vision import maximize

    for layer, size in CARPETS.items():
        if not shelf.wants(f"carpet_{layer}_0"):
            continue
        channels = network.model.get_layer(layer).output.shape[-1]
        chosen = np.linspace(0, channels - 1, PER_DEPTH).astype(int)
        ascent = dataclasses.replace(maximize.TRANSFORMED, steps=steps, jitter=8)
        images = maximize.maximize_filters(network.model, layer, chosen, ascent, size=size, progress=False, linear=True)
        for number, (channel, image) in enumerate(zip(chosen, images)):
            shelf.put(f"carpet_{layer}_{number}", image, network=network.name, channel=int(channel), steps=steps)


def make_climb(network, shelf: _Shelf, layer: str = "block4_expand_act", channel: int = 143, size: int = 112) -> None:
    """One filter's image after a few numbers of steps, each climbed from the same noise, and what the filter says."""
    from utils.vision import maximize

    if not shelf.wants(f"climb_{CLIMB[-1]}"):
        return
    part = maximize.up_to(network.model, layer, linear=True)
    for steps in CLIMB:
        ascent = dataclasses.replace(maximize.TRANSFORMED, steps=steps, jitter=8)
        options = {"size": size, "progress": False, "linear": True}
        image = maximize.maximize_filters(network.model, layer, [channel], ascent, **options)[0]
        answer = np.asarray(part.predict_on_batch(image[None].astype(np.float32)))[..., channel].mean()
        shelf.put(f"climb_{steps}", image, network=network.name, channel=channel, activation=round(float(answer), 3))


def make_banks(shelf: _Shelf, photos: int = 200, patches: int = 20_000) -> None:
    """The notebook's two banks of filters, learned from photos of cats and dogs."""
    from utils.datasets.cats_dogs import load_cats_and_dogs
    from utils.vision import feature_maps
    from utils.vision.photos import open_photo

    if not shelf.wants("bank_colour"):
        return
    data = load_cats_and_dogs()
    paths, _ = data.paths("train")
    some = [open_photo(path) for path in paths[:: max(1, len(paths) // photos)]]
    grey = [image.astype(np.float32) @ np.float32([0.299, 0.587, 0.114]) for image in some]
    told = {"photos": len(some), "patches": patches, "data": "drawn animals" if data.is_stand_in else "photos (Asirra)"}
    shelf.put("bank_grey", feature_maps.learn_filter_bank(grey, count=256, size=16, patches=patches), **told)
    shelf.put("bank_colour", feature_maps.learn_filter_bank(some, count=128, size=12, patches=patches), **told)


def make_occlusions(network, shelf: _Shelf, stride: int = STRIDE) -> None:
    """Occlusion maps of the packages' photos: drops of the likeliest class's logit."""
    from utils.vision.occlusion import occlusion_map

    for name in PHOTOS:
        if not shelf.wants(f"occlusion_{name}"):
            continue
        start = time.perf_counter()
        found = occlusion_map(network.logits, photo(name).astype(np.float32), mask=MASK, stride=stride, progress=False)
        guess = network.top(network.predict(photo(name)), 1)[0][0]
        shelf.put(
            f"occlusion_{name}",
            found.heat(),
            network=network.name,
            positions=int(found.drop.size),
            answer=guess.name,
            index=guess.index,
            probability=round(guess.probability, 4),
            largest=round(float(found.drop.max()), 4),
            seconds=round(time.perf_counter() - start, 1),
        )


def main(arguments: list[str] | None = None) -> None:
    """Make what is missing."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--force", action="store_true", help="make everything anew")
    shelf = _Shelf(parser.parse_args(arguments).force)
    from utils import runtime

    runtime.start(seed=1)
    from utils.vision.pretrained import load_imagenet_model

    network = load_imagenet_model("EfficientNet-Lite0")
    make_banks(shelf)
    make_climb(network, shelf)
    make_classes(network, shelf)
    make_carpets(network, shelf)
    make_occlusions(network, shelf)


if __name__ == "__main__":
    raise SystemExit(commands.run(main))
