"""Sentences as plays: the state is a question and what is written so far, an action the next token (lesson 10).

The policy is a decoder of lesson 06 that looks back: two inputs, the question and, shifted by one place, what is
written of the answer; one output, the probabilities (batch, steps, symbols) of each token.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from utils.sequences.decoders import shifted

LEAST = 1e-9  # below this a probability is taken for this one


def sample(policy: Any, questions: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """One play a question: each token is drawn from the policy, given those drawn before it.

    Args:
        questions: (n, ...), as the policy reads them.

    Returns:
        Columns of the tokens, int32 (n, steps), and the logarithm of the whole answer's probability, (n,), in nats.
    """
    steps = policy.output_shape[1]
    answers, logarithms = np.zeros((len(questions), steps), dtype=np.int32), np.zeros(len(questions))
    for step in range(steps):
        pi = np.asarray(policy.predict_on_batch([questions, shifted(answers)]))[:, step]
        below = pi.cumsum(axis=1)[:, :-1] < rng.random((len(pi), 1))  # the last column is 1 up to rounding
        answers[:, step] = below.sum(axis=1)
        logarithms += np.log(np.maximum(pi[np.arange(len(pi)), answers[:, step]], LEAST))
    return answers, logarithms


def log_probability(policy: Any, questions: np.ndarray, answers: np.ndarray) -> np.ndarray:
    """The logarithm of the probability that the policy answers so: columns (n, steps) to (n,), in nats."""
    pi = np.asarray(policy.predict_on_batch([questions, shifted(answers)]))
    chosen = np.take_along_axis(pi, answers[:, :, None], axis=2)[:, :, 0]
    return np.log(np.maximum(chosen, LEAST)).sum(axis=1)
