"""For every training with a falling learning rate: one cycle up and down."""

from __future__ import annotations

import keras


def one_cycle(
    peak: float, steps: int, warm_up: float = 0.1, start: float = 0.1
) -> keras.optimizers.schedules.LearningRateSchedule:
    """Learning rate: a linear climb from ``start * peak`` to ``peak``, then half a cosine down to zero.

    Args:
        peak: the highest rate.
        steps: updates in all.
        warm_up: share of the steps that the climb takes.
        start: rate of the first step, as a share of the peak.

    Source: Smith and Topin, "Super-Convergence" (2018), simplified; the schedule is Keras's ``CosineDecay``.
    """
    climb = max(1, round(warm_up * steps))
    return keras.optimizers.schedules.CosineDecay(
        start * peak, max(1, steps - climb), warmup_target=peak, warmup_steps=climb
    )
