"""Other right answers and plausible wrong ones to the exercises of lesson 06."""

import keras
import numpy as np
from scipy.special import softmax


def digit_sum(n):
    return sum(map(int, str(n)))


def by_digit_sums(a, b):
    # Every carry turns ten into one and so takes nine from the sum of the digits.
    return (digit_sum(a) + digit_sum(b) - digit_sum(a + b)) // 9


def without_chains(a, b):
    count = 0
    while a or b:
        count += a % 10 + b % 10 >= 10
        a, b = a // 10, b // 10
    return count


def stops_with_the_shorter(a, b):
    count = carry = 0
    while a and b:
        carry = int(a % 10 + b % 10 + carry >= 10)
        count += carry
        a, b = a // 10, b // 10
    return count


def nine_carries(a, b):
    count = carry = 0
    while a or b:
        carry = int(a % 10 + b % 10 + carry >= 9)
        count += carry
        a, b = a // 10, b // 10
    return count


def any_carry(a, b):
    return int(by_digit_sums(a, b) > 0)


def answers_by_loop(guess, truth):
    return sum(list(g) == list(t) for g, t in zip(guess, truth)) / len(truth)


def per_character(guess, truth):
    return (guess == truth).mean()


def any_character(guess, truth):
    return (guess == truth).any(axis=1).mean()


def over_columns(guess, truth):
    return (guess == truth).all(axis=0).mean()


def how_many(guess, truth):
    return (guess == truth).all(axis=1).sum()


def leaks_by_sorting(train, test):
    known = {(min(p), max(p)) for p in train}
    return len([1 for p in test if tuple(sorted(p)) in known])


def ignores_swaps(train, test):
    return len([pair for pair in test if pair in set(train)])


def by_sum(train, test):
    known = {a + b for a, b in train}
    return sum(a + b in known for a, b in test)


def counts_matches(train, test):
    return sum(set(p) == set(q) for p in train for q in test)


def only_swaps(train, test):
    return sum((b, a) in set(train) for a, b in test)


def with_scipy(query, keys, values):
    return values.T @ softmax(keys @ query / len(query) ** 0.5)


def not_scaled(query, keys, values):
    return softmax(keys @ query) @ values


def subtracts_the_sum(query, keys, values):
    scores = keys @ query / np.sqrt(len(query))
    weights = np.exp(scores - scores.sum())  # meant against overflow, but only the largest score is safe to subtract
    return weights / weights.sum() @ values


def overflows(query, keys, values):
    with np.errstate(all="ignore"):
        weights = np.exp(keys @ query / np.sqrt(len(query)))
        return weights / weights.sum() @ values


def not_normalised(query, keys, values):
    return (keys @ query / np.sqrt(len(query))) @ values


def hard(query, keys, values):
    return values[np.argmax(keys @ query)]


def scaled_by_length(query, keys, values):
    return softmax(keys @ query / len(query)) @ values


def functional(digits, units):
    x = keras.Input((2 * digits + 1, 12))
    h = keras.layers.Bidirectional(keras.layers.LSTM(units // 2), merge_mode="concat")(x)
    h = keras.layers.RepeatVector(digits + 1)(h)
    h = keras.layers.LSTM(units, return_sequences=True)(h)
    h = keras.layers.TimeDistributed(keras.layers.Dense(12))(h)
    return keras.Model(x, keras.layers.Activation("softmax")(h))


def _adder(digits, units, encoder, decoder, activation="softmax"):
    repeat = keras.layers.RepeatVector(digits + 1)
    dense = keras.layers.Dense(12, activation=activation)
    return keras.Sequential([keras.layers.Input((2 * digits + 1, 12)), encoder, repeat, decoder, dense])


def as_it_was(digits, units):
    return _adder(digits, units, keras.layers.LSTM(units), keras.layers.LSTM(units, return_sequences=True))


def decoder_wrapped(digits, units):
    decoder = keras.layers.Bidirectional(keras.layers.LSTM(units, return_sequences=True))
    return _adder(digits, units, keras.layers.LSTM(units), decoder)


def no_softmax(digits, units):
    encoder = keras.layers.Bidirectional(keras.layers.LSTM(units))
    return _adder(digits, units, encoder, keras.layers.LSTM(units, return_sequences=True), activation=None)


def one_character_only(digits, units):
    return _adder(digits, units, keras.layers.Bidirectional(keras.layers.LSTM(units)), keras.layers.LSTM(units))


ALTERNATIVES = {
    "06.1": [by_digit_sums],
    "06.2": [answers_by_loop],
    "06.3": [leaks_by_sorting],
    "06.4": [with_scipy],
    "06.5": [functional],
}
WRONG = {
    "06.1": [without_chains, stops_with_the_shorter, nine_carries, any_carry],
    "06.2": [per_character, any_character, over_columns, how_many],
    "06.3": [ignores_swaps, by_sum, counts_matches, only_swaps],
    "06.4": [not_scaled, overflows, subtracts_the_sum, not_normalised, hard, scaled_by_length],
    "06.5": [as_it_was, decoder_wrapped, no_softmax, one_character_only],
}
