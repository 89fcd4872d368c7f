"""What a network learns from positions: who wins, who owns what, what a better player would play (lesson 11).

Step 3's stream of games (:mod:`utils.go.value`) and AlphaGo Zero's loop (:mod:`utils.go.selfplay`) teach the
same network in the same way; they differ in whose games they are.
"""

from __future__ import annotations

from dataclasses import dataclass

import keras
import numpy as np

from utils.checkpoints import group, numbered, restore, state_of
from utils.go import features, networks
from utils.go.examples import Positions


@dataclass
class Weights:
    """Of the losses."""

    policy: float = 1.0  # cross-entropy with what a search or an expert policy plays
    value: float = 1.5  # squared error of the outcome,
    owner: float = 1.0  # of the owner of each point
    margin: float = 0.5  # and of the margin


class Learner:
    """A network, its optimiser, and the running mean of its weights.

    Args:
        architecture: what is built; its heads decide what is learned.
        weights: of the losses.
        rate, decay: of AdamW; scales and biases do not decay.
        average: share of the running mean that a step keeps; 0 takes the weights as they are.
        seed: of the weights at the beginning.
        half: see :func:`utils.go.networks.build`.
    """

    def __init__(
        self,
        architecture: networks.Architecture,
        weights: Weights,
        rate: float,
        decay: float,
        average: float = 0.0,
        seed: int = 1,
        half: bool = False,
    ):
        self.architecture, self.keep = architecture, average
        keras.utils.set_random_seed(seed)
        self.model = networks.build(architecture, half=half)
        squared = keras.losses.MeanSquaredError()
        heads = [(squared, weights.value)]
        if architecture.policy:
            heads.insert(0, (keras.losses.CategoricalCrossentropy(from_logits=True), weights.policy))
        if architecture.territory:
            heads += [(squared, weights.owner), (squared, weights.margin)]
        optimizer = keras.optimizers.AdamW(rate, weight_decay=decay, clipnorm=5.0)
        optimizer.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
        losses, shares = zip(*heads)
        self.model.compile(optimizer, loss=list(losses), loss_weights=list(shares))
        optimizer.build(self.model.trainable_variables)
        self.step = 0
        self.begin()

    def begin(self) -> None:
        """The mean starts from the network's present weights (after somebody has set them)."""
        self.average = self.model.get_weights()

    def learn(self, data: Positions, index: np.ndarray, turns: np.ndarray, rate: float) -> dict[str, float]:
        """One gradient step.

        Args:
            data: positions with all columns that the heads want.
            index: which of them, int64 (n,).
            turns: in which of the board's eight symmetries each is seen, int64 (n,).
            rate: learning rate.

        Returns:
            The losses by name.
        """
        planes = features.transform(data.planes(index)[..., : self.architecture.planes], turns)
        self.model.optimizer.learning_rate = rate
        losses = self.model.train_on_batch(planes, self.targets(data, index, turns), return_dict=True)
        self.step += 1
        keep = min(self.keep, self.step / (self.step + 10))
        for mean, weight in zip(self.average, self.model.get_weights()):
            mean *= keep
            mean += (1 - keep) * weight
        return {name: float(loss) for name, loss in losses.items()}

    def targets(self, data: Positions, index: np.ndarray, turns: np.ndarray) -> list[np.ndarray]:
        """What the heads should say of the positions ``index``, each turned."""
        size, found, wanted = self.architecture.size, data.subset(index), []
        if self.architecture.policy:
            wanted.append(features.transform_policy(found.policies.astype(np.float32), turns))
        wanted.append(found.outcomes[:, None])
        if self.architecture.territory:
            owners = found.owners.reshape(-1, size, size, 1).astype(np.float32)
            wanted += [features.transform(owners, turns), found.margins[:, None]]
        return wanted

    def averaged(self) -> keras.Model:
        """A copy of the network with the mean of the weights."""
        model = networks.build(self.architecture)
        model.set_weights(self.average)
        return model

    def evaluator(self, symmetry: int | str | None = None) -> networks.Evaluator:
        """For searches and tests, with the mean of the weights."""
        return networks.Evaluator(self.averaged(), self.architecture, symmetry)

    def arrays(self) -> dict[str, np.ndarray]:
        """For a checkpoint: ``w`` and ``o`` of network and optimiser, ``a`` the mean, ``step``."""
        return state_of(self.model) | numbered("a", self.average) | {"step": np.int64(self.step)}

    def restore(self, arrays: dict[str, np.ndarray]) -> None:
        """Inverse of :meth:`arrays`."""
        restore(self.model, arrays)
        self.average, self.step = group(arrays, "a"), int(arrays["step"])
