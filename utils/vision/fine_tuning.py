"""Fine-tuning the upper part of a pretrained network on stored maps, batch normalisation frozen (lesson 04).

The lesson writes this in its cells, on its own head; here it is for the ledger.
"""

from __future__ import annotations

from dataclasses import dataclass

import keras
import numpy as np
from keras import layers

from utils import runtime
from utils.layers.schedule import one_cycle
from utils.vision.from_scratch import as_column
from utils.vision.transfer import Head


def freeze_normalisation(model: keras.Model) -> int:
    """Make batch normalisation layers keep their statistics, scale and shift; returns how many there are.

    A Keras batch normalisation with ``trainable = False`` runs as after training, also inside ``fit``.
    """
    found = [layer for layer in model.layers if isinstance(layer, layers.BatchNormalization)]
    for layer in found:
        layer.trainable = False
    return len(found)


def with_head(upper: keras.Model, head: Head, dropout: float = 0.2) -> keras.Model:
    """A copy of the upper part with the head's weights on it: maps to logits (batch, 1)."""
    with runtime.distribution_scope():
        copy = keras.models.clone_model(upper)
        x = layers.Dropout(dropout, name="dropout")(copy.output)
        model = keras.Model(copy.input, layers.Dense(1, name="logit")(x), name="fine_tuned")
    copy.set_weights(upper.get_weights())
    model.get_layer("logit").set_weights([head.weights[:, None], np.array([head.bias], dtype=np.float32)])
    return model


@dataclass(frozen=True)
class Tuning:
    """How fine-tuning goes.

    Attributes:
        epochs: rounds through the photos, each in all its views.
        rate: highest learning rate of Adam, far below what a network from scratch takes; one cycle.
        batch_size: views a step.
        mix: 0 keeps the weights that training started from, 1 takes those it arrived at; what lies between them is
            good, too, since one was trained from the other (Wortsman et al. 2022, arXiv:2109.01903).
    """

    epochs: int = 2
    rate: float = 3e-4
    batch_size: int = 40
    mix: float = 0.5


def fine_tune(
    model: keras.Model, maps: np.ndarray, labels: np.ndarray, tuning: Tuning = Tuning(), seed: int = 1
) -> list[float]:
    """Train the upper part on stored maps, batch normalisation frozen.

    At the end every weight is set between where it started and where it arrived (``tuning.mix``).

    Args:
        model: as :func:`with_head` returns.
        maps: (photos, views, height, width, channels).
        labels: (photos,) 0 cat, 1 dog.

    Returns:
        Mean loss of each epoch.
    """
    runtime.seed_everything(seed)
    freeze_normalisation(model)
    start = model.get_weights()
    rows, targets = maps.reshape(-1, *maps.shape[2:]).astype(np.float32), np.repeat(labels, maps.shape[1])
    schedule = one_cycle(tuning.rate, tuning.epochs * -(-len(rows) // tuning.batch_size))
    # Not smoothed: at 99 % that would mostly teach to be less sure.
    with runtime.distribution_scope():
        model.compile(keras.optimizers.Adam(schedule), keras.losses.BinaryCrossentropy(from_logits=True))
    options = {"batch_size": tuning.batch_size, "epochs": tuning.epochs, "verbose": 0}
    losses = model.fit(rows, as_column(targets), **options).history["loss"]
    model.set_weights([(1 - tuning.mix) * old + tuning.mix * new for old, new in zip(start, model.get_weights())])
    return losses


def predict_maps(model: keras.Model, maps: np.ndarray, batch_size: int = 100) -> np.ndarray:
    """Mean logit over the views of each photo, (photos,) float32."""
    logits = []
    for first in range(0, len(maps), batch_size):
        batch = maps[first : first + batch_size].astype(np.float32)
        flat = np.asarray(model.predict_on_batch(batch.reshape(-1, *batch.shape[2:])))
        logits.append(flat.reshape(len(batch), -1).mean(axis=1))
    return np.concatenate(logits)
