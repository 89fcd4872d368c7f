"""Networks as pages carry them: names and shapes of their layers, and all weights as one text in base64.

The weights ship in half precision, so two bytes each lose nothing. Normalisations stay apart and are folded in the
page, in full precision, as :func:`utils.go.networks.fold` does it.
"""

from __future__ import annotations

import base64
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np


def packed(named: list[tuple[str, list[np.ndarray]]], **facts: Any) -> tuple[str, str]:
    """JSON of shapes and ``facts``, and base64 of all weights, little-endian float16, in the same order.

    Raises:
        ValueError: a weight would not survive half precision.
    """
    arrays = [np.asarray(array) for _, weights in named for array in weights]
    halves = [array.astype("<f2") for array in arrays]
    if any(not np.array_equal(half.astype(np.float32), array) for half, array in zip(halves, arrays)):
        raise ValueError("A network's weights are not in half precision; write it with checkpoints.save_network.")
    header = facts | {"layers": [(name, [list(array.shape) for array in weights]) for name, weights in named]}
    return json.dumps(header), base64.b64encode(b"".join(half.tobytes() for half in halves)).decode()


def go_network(path: str | Path) -> tuple[str, str]:
    """A network of lesson 11, with policy and value, from a file or by its name in mldata/weights."""
    from utils.go import networks
    from utils.layers.blocks import BATCH_NORM_EPSILON

    model, architecture = networks.load(path)
    named = [(layer.name, layer.get_weights()) for layer in model.layers if layer.weights]
    return packed(named, architecture=asdict(architecture), epsilon=BATCH_NORM_EPSILON)


def digit_network(path: Path) -> tuple[str, str]:
    """Lesson 05's better network; its layers get the names that play/network.js knows."""
    from utils.checkpoints import load_network
    from utils.vision.digits import better_network

    network = better_network()
    network.set_weights(load_network(path)[0])
    kinds = {"Conv2D": "conv", "BatchNormalization": "bn", "Dense": "dense"}
    named, count = [], {}
    for layer in (layer for layer in network.layers if layer.weights):
        kind = kinds[type(layer).__name__]
        count[kind] = count.get(kind, 0) + 1
        named.append((kind if kind == "dense" else f"{kind}{count[kind]}", layer.get_weights()))
    [epsilon] = {layer.epsilon for layer in network.layers if hasattr(layer, "epsilon")}
    return packed(named, epsilon=epsilon)
