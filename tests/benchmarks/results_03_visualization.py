"""Measure lesson 03: what VGG-16 costs beside EfficientNet-Lite0, in CPU time (which other work on the machine spares).

    python tests/benchmarks/results_03_visualization.py
    python tests/benchmarks/results_03_visualization.py --only climbs

VGG-16 has random weights: they do not change the work. A step of a climb is timed over a few steps on one image of 224
pixels. The lecture's own occlusion map (mask 32, stride 2: 12,544 positions) is timed on a coarser grid of positions,
each way once after a warm-up, and scaled up to all of them.
"""

from __future__ import annotations

import argparse
import time

import numpy as np

from utils import commands, results, runtime

STEPS = 4
POSITIONS = (224 // 2) ** 2
COARSE = {"incremental": 16, "plain": 32}  # strides of the grids that are timed


def network_of(name: str):
    """Lite0 as the course loads it, VGG-16 with random weights."""
    from utils.vision import pretrained

    if name == "lite0":
        return pretrained.load_imagenet_model("EfficientNet-Lite0", announce=False)
    return pretrained._build_application("VGG16", None)


def climb_seconds(name: str) -> float:
    """CPU seconds of one step up a class's logit."""
    from utils.gradients import compiled_value_and_gradient

    logits = network_of(name).logits
    step = compiled_value_and_gradient(lambda x: logits(x, training=False)[:, 65])
    x = np.random.default_rng(0).uniform(0, 255, (1, 224, 224, 3)).astype(np.float32)
    step(x)
    began = time.process_time()
    for _ in range(STEPS):
        step(x)
    return (time.process_time() - began) / STEPS


def occlusion_minutes(method: str) -> float:
    """CPU minutes of the lecture's map on VGG-16, scaled up from a coarser grid."""
    from utils.vision.occlusion import occlusion_map

    model = network_of("vgg16").model
    picture = np.random.default_rng(0).uniform(0, 255, (224, 224, 3)).astype(np.float32)
    options = {"class_index": 0, "mask": 32, "method": method, "batch_size": 32, "progress": False}
    occlusion_map(model, picture, stride=112, **options)
    began = time.process_time()
    count = occlusion_map(model, picture, stride=COARSE[method], **options).drop.size
    return (time.process_time() - began) / count * POSITIONS / 60


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", choices=("climbs", *COARSE))
    only = parser.parse_args().only
    runtime.start(seed=1)
    command = "python tests/benchmarks/results_03_visualization.py"
    if only in (None, "climbs"):
        for name in ("lite0", "vgg16"):
            note = f"CPU time of one step up a class's logit, one image, mean of {STEPS} steps"
            note += "; random weights" if name == "vgg16" else ""
            identifier = f"climb.{name}.step_seconds"
            print(results.record(identifier, climb_seconds(name), unit="CPU seconds", command=command, note=note))
    for method, stride in COARSE.items():
        if only in (None, method):
            note = f"CPU time of {POSITIONS:,} positions, scaled up from a grid of stride {stride}; random weights"
            identifier = f"occlusion.vgg16.stride2.{method}_minutes"
            value = occlusion_minutes(method)
            print(results.record(identifier, value, unit="CPU minutes", command=command, note=note))


if __name__ == "__main__":
    raise SystemExit(commands.run(main))
