"""Other right answers and plausible wrong ones to the exercises of lesson 06."""

import keras
import numpy as np
import records
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


def by_powers_of_ten(a, b):
    return sum(a % 10**k + b % 10**k >= 10**k for k in range(1, len(str(a + b)) + 1))


def by_text(a, b):
    carry, count = 0, 0
    width = max(len(str(a)), len(str(b)))
    for x, y in zip(reversed(str(a).zfill(width)), reversed(str(b).zfill(width))):
        carry = 1 if int(x) + int(y) + carry > 9 else 0
        count += carry
    return np.int64(count)


def last_three_columns(a, b):
    return by_digit_sums(a % 1000, b % 1000)


def longest_chain(a, b):
    best = run = carry = 0
    while a or b:
        carry = int(a % 10 + b % 10 + carry >= 10)
        run = run + 1 if carry else 0
        best = max(best, run)
        a, b = a // 10, b // 10
    return best


def carries_of_floats(a, b):
    count = carry = 0
    while a >= 1 or b >= 1:
        carry = int(int(a) % 10 + int(b) % 10 + carry >= 10)
        count += carry
        a, b = a / 10, b / 10
    return count


def more_than_ten(a, b):
    count = carry = 0
    while a or b:
        carry = int(a % 10 + b % 10 + carry > 10)
        count += carry
        a, b = a // 10, b // 10
    return count


def from_the_left(a, b):
    count = carry = 0
    width = max(len(str(a)), len(str(b)))
    for x, y in zip(str(a).zfill(width), str(b).zfill(width)):
        carry = int(int(x) + int(y) + carry >= 10)
        count += carry
    return count


def carries_kept(a, b):
    count = carry = 0
    while a or b:
        carry = int(a % 10 + b % 10 + carry >= 10) or carry
        count += int(a % 10 + b % 10 + carry >= 10)
        a, b = a // 10, b // 10
    return count


def longer_by_a_digit(a, b):
    return len(str(a + b)) - max(len(str(a)), len(str(b)))


def zipped_texts(a, b):
    carry = count = 0
    for x, y in zip(str(a)[::-1], str(b)[::-1]):
        carry = int(int(x) + int(y) + carry >= 10)
        count += carry
    return count


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


def answers_by_counting_errors(guess, truth):
    return np.float32(1 - np.count_nonzero(np.abs(guess - truth).max(axis=1)) / guess.shape[0])


def answers_by_product(guess, truth):
    return np.mean([np.prod(row) for row in guess == truth])


def equal_sums(guess, truth):
    return (guess.sum(axis=1) == truth.sum(axis=1)).mean()


def equal_sets(guess, truth):
    return np.mean([set(g) == set(t) for g, t in zip(guess, truth)])


def first_and_last(guess, truth):
    return ((guess[:, 0] == truth[:, 0]) & (guess[:, -1] == truth[:, -1])).mean()


def last_character(guess, truth):
    return (guess[:, -1] == truth[:, -1]).mean()


def power_of_characters(guess, truth):
    return (guess == truth).mean() ** guess.shape[1]


def share_wrong(guess, truth):
    return 1 - (guess == truth).all(axis=1).mean()


def all_or_nothing(guess, truth):
    return float((guess == truth).all())


def differences_cancel(guess, truth):
    return ((guess - truth).sum(axis=1) == 0).mean()


def rounded_share(guess, truth):
    return round((guess == truth).all(axis=1).mean(), 1)


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


def leaks_by_both_orders(train, test):
    return np.sum([(a, b) in train or (b, a) in train for a, b in test], dtype=int)


def leaks_by_table(train, test):
    seen = {}
    for a, b in train:
        seen[a, b] = seen[b, a] = True
    return len(list(filter(seen.get, test)))


def by_product(train, test):
    known = {a * b for a, b in train}
    return sum(a * b in known for a, b in test)


def by_columns(train, test):
    first, second = {a for a, _ in train}, {b for _, b in train}
    return sum((a in first and b in second) or (b in first and a in second) for a, b in test)


def by_any_number(train, test):
    numbers = {n for pair in train for n in pair}
    return sum(a in numbers or b in numbers for a, b in test)


def by_both_numbers(train, test):
    numbers = {n for pair in train for n in pair}
    return sum(a in numbers and b in numbers for a, b in test)


def by_difference(train, test):
    known = {abs(a - b) for a, b in train}
    return sum(abs(a - b) in known for a, b in test)


def by_digits_of_both(train, test):
    known = {"".join(sorted(f"{a}{b}")) for a, b in train}
    return sum("".join(sorted(f"{a}{b}")) in known for a, b in test)


def leaks_from_train(train, test):
    return leaks_by_sorting(test, train)


def unordered_pairs_once(train, test):
    return len({frozenset(p) for p in test} & {frozenset(p) for p in train})


def written_without_a_gap(train, test):
    known = {f"{min(pair)}{max(pair)}" for pair in train}
    return sum(f"{min(pair)}{max(pair)}" in known for pair in test)


def does_it_leak(train, test):
    return int(leaks_by_sorting(train, test) > 0)


def share_that_leaks(train, test):
    return leaks_by_sorting(train, test) / max(len(test), 1)


def with_scipy(query, keys, values):
    return values.T @ softmax(keys @ query / len(query) ** 0.5)


def not_scaled(query, keys, values):
    return softmax(keys @ query) @ values


def subtracts_the_sum(query, keys, values):
    scores = keys @ query / np.sqrt(len(query))
    with np.errstate(all="ignore"):
        weights = np.exp(scores - scores.sum())  # meant against overflow; only the largest score is safe to subtract
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


def attention_by_loop(query, keys, values):
    scores = [sum(q * k for q, k in zip(query, key)) / len(key) ** 0.5 for key in keys]
    weights = [float(np.exp(score - max(scores))) for score in scores]
    return [sum(w * v for w, v in zip(weights, column)) / sum(weights) for column in zip(*values)]


def attention_in_keras(query, keys, values):
    query, keys, values = (keras.ops.convert_to_tensor(part, "float32") for part in (query, keys, values))
    scores = keras.ops.matmul(keys, query[:, None])[:, 0] / keras.ops.sqrt(keras.ops.cast(query.shape[0], "float32"))
    return keras.ops.matmul(keras.ops.softmax(scores)[None], values)[0]


def subtracts_the_mean(query, keys, values):
    scores = keys @ query / np.sqrt(len(query))
    with np.errstate(all="ignore"):
        weights = np.exp(scores - scores.mean())
        return weights / weights.sum() @ values


def clipped(query, keys, values):
    weights = np.exp(np.clip(keys @ query / np.sqrt(len(query)), -500, 500))
    return weights / weights.sum() @ values


def scaled_by_positions(query, keys, values):
    return softmax(keys @ query / len(keys) ** 0.5) @ values


def softmax_of_scaled_twice(query, keys, values):
    return softmax(keys @ query / len(query) ** 0.5) / len(query) ** 0.5 @ values


def multiplied_by_root(query, keys, values):
    return softmax(keys @ query * len(query) ** 0.5) @ values


def weights_only(query, keys, values):
    return softmax(keys @ query / len(query) ** 0.5)


def mean_of_values(query, keys, values):
    return values.mean(axis=0)


def by_distance(query, keys, values):
    return softmax(-((keys - query) ** 2).sum(axis=1) / len(query) ** 0.5) @ values


def absolute_scores(query, keys, values):
    scores = np.abs(keys @ query) / len(query) ** 0.5
    return scores / (scores.sum() + 1e-12) @ values


def _input(digits):
    return keras.Input((2 * digits + 1, 12))


def _decode(x, code, digits, units, activation="softmax"):
    """The lecture's decoder behind a code."""
    code = keras.layers.RepeatVector(digits + 1)(code)
    code = keras.layers.LSTM(units, return_sequences=True)(code)
    return keras.Model(x, keras.layers.Dense(12, activation=activation)(code))


def functional(digits, units):
    x = _input(digits)
    h = keras.layers.Bidirectional(keras.layers.LSTM(units), merge_mode="concat")(x)
    h = keras.layers.RepeatVector(digits + 1)(h)
    h = keras.layers.LSTM(units, return_sequences=True)(h)
    h = keras.layers.TimeDistributed(keras.layers.Dense(12))(h)
    return keras.Model(x, keras.layers.Activation("softmax")(h))


def two_lstms(digits, units):
    x = _input(digits)
    ends = [keras.layers.LSTM(units)(x), keras.layers.LSTM(units, go_backwards=True)(x)]
    return _decode(x, keras.layers.Concatenate()(ends), digits, units)


def reversed_by_hand(digits, units):
    x = _input(digits)
    ends = [keras.layers.LSTM(units)(x), keras.layers.LSTM(units)(keras.ops.flip(x, axis=1))]
    return _decode(x, keras.ops.concatenate(ends, axis=-1), digits, units)


def nested(digits, units):
    encoder = keras.Sequential([_input(digits), keras.layers.Bidirectional(keras.layers.LSTM(units))])
    return _adder(digits, units, encoder, keras.layers.LSTM(units, return_sequences=True))


def repeated_by_ops(digits, units):
    x = _input(digits)
    h = keras.layers.Bidirectional(keras.layers.LSTM(units))(x)
    h = keras.ops.repeat(h[:, None], digits + 1, axis=1)
    h = keras.layers.LSTM(units, return_sequences=True)(h)
    return keras.Model(x, keras.layers.Dense(12, activation="softmax")(h))


def summed(digits, units):
    return _adder(
        digits,
        units,
        keras.layers.Bidirectional(keras.layers.LSTM(units), merge_mode="sum"),
        keras.layers.LSTM(units, return_sequences=True),
    )


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


def half_the_units(digits, units):
    encoder = keras.layers.Bidirectional(keras.layers.LSTM(units // 2))
    return _adder(digits, units, encoder, keras.layers.LSTM(units, return_sequences=True))


def units_ignored(digits, units):
    encoder = keras.layers.Bidirectional(keras.layers.LSTM(16))
    return _adder(digits, units, encoder, keras.layers.LSTM(16, return_sequences=True))


def no_decoder(digits, units):
    encoder = keras.layers.Bidirectional(keras.layers.LSTM(units))
    return _adder(digits, units, encoder, keras.layers.Dense(units, activation="tanh"))


def simple_recurrent(digits, units):
    encoder = keras.layers.Bidirectional(keras.layers.SimpleRNN(units))
    return _adder(digits, units, encoder, keras.layers.SimpleRNN(units, return_sequences=True))


def decoder_not_recurrent_in_lstm(digits, units):
    encoder = keras.layers.Bidirectional(keras.layers.LSTM(units))
    return _adder(digits, units, encoder, keras.layers.GRU(units, return_sequences=True))


def not_merged(digits, units):
    x = _input(digits)
    both = keras.layers.Bidirectional(keras.layers.LSTM(units), merge_mode=None)(x)
    return _decode(x, both[0], digits, units)


def both_forwards(digits, units):
    x = _input(digits)
    ends = [keras.layers.LSTM(units)(x), keras.layers.LSTM(units)(x)]
    return _decode(x, keras.layers.Concatenate()(ends), digits, units)


def one_for_both_ends(digits, units):
    x, reader = _input(digits), keras.layers.LSTM(units)
    ends = [reader(x), reader(keras.ops.flip(x, axis=1))]
    return _decode(x, keras.ops.concatenate(ends, axis=-1), digits, units)


def only_backwards(digits, units):
    encoder = keras.layers.LSTM(units, go_backwards=True)
    return _adder(digits, units, encoder, keras.layers.LSTM(units, return_sequences=True))


def one_after_the_other(digits, units):
    x = _input(digits)
    h = keras.layers.LSTM(units, return_sequences=True)(x)
    return _decode(x, keras.layers.LSTM(units, go_backwards=True)(h), digits, units)


def flipped_symbols(digits, units):
    x = _input(digits)
    ends = [keras.layers.LSTM(units)(x), keras.layers.LSTM(units)(keras.ops.flip(x, axis=2))]
    return _decode(x, keras.ops.concatenate(ends, axis=-1), digits, units)


def softmax_over_places(digits, units):
    x = _input(digits)
    h = keras.layers.Bidirectional(keras.layers.LSTM(units))(x)
    logits = _decode(x, h, digits, units, activation=None)
    return keras.Model(x, keras.layers.Softmax(axis=1)(logits.output))


def sigmoid_at_the_end(digits, units):
    encoder = keras.layers.Bidirectional(keras.layers.LSTM(units))
    return _adder(digits, units, encoder, keras.layers.LSTM(units, return_sequences=True), activation="sigmoid")


def three_digits_only(digits, units):
    return functional(3, units)


RECORD = {
    "change": "half the units in both LSTMs",
    "predicted": -0.1,
    "before": [0.72, 0.80, 0.78, 0.75],
    "after": [0.52, 0.64, 0.49, 0.60],
    "effect": -0.2,
    "doubt": 0.0319,
}

ALTERNATIVES = {
    "06.1": [by_digit_sums, by_powers_of_ten, by_text],
    "06.2": [answers_by_loop, answers_by_counting_errors, answers_by_product],
    "06.3": [leaks_by_sorting, leaks_by_both_orders, leaks_by_table],
    "06.4": [with_scipy, attention_by_loop, attention_in_keras],
    "06.5": [functional, two_lstms, reversed_by_hand, nested, repeated_by_ops, summed],
    "06.6": records.forms(RECORD),
}
WRONG = {
    "06.1": [
        *(without_chains, stops_with_the_shorter, nine_carries, any_carry, last_three_columns, longest_chain),
        *(carries_of_floats, more_than_ten, from_the_left, carries_kept, longer_by_a_digit, zipped_texts),
    ],
    "06.2": [
        *(per_character, any_character, over_columns, how_many, equal_sums, equal_sets, first_and_last),
        *(last_character, power_of_characters, share_wrong, all_or_nothing, differences_cancel, rounded_share),
    ],
    "06.3": [
        *(ignores_swaps, by_sum, counts_matches, only_swaps, by_product, by_columns, by_any_number, by_both_numbers),
        *(by_difference, by_digits_of_both, leaks_from_train, unordered_pairs_once, does_it_leak),
        *(share_that_leaks, written_without_a_gap),
    ],
    "06.4": [
        *(not_scaled, overflows, subtracts_the_sum, not_normalised, hard, scaled_by_length, subtracts_the_mean),
        *(clipped, scaled_by_positions, softmax_of_scaled_twice, multiplied_by_root, weights_only, mean_of_values),
        *(by_distance, absolute_scores),
    ],
    "06.5": [
        *(as_it_was, decoder_wrapped, no_softmax, one_character_only, half_the_units, units_ignored, no_decoder),
        *(simple_recurrent, decoder_not_recurrent_in_lstm, not_merged, both_forwards, one_for_both_ends),
        *(only_backwards, one_after_the_other, flipped_symbols, softmax_over_places, sigmoid_at_the_end),
        three_digits_only,
    ],
    "06.6": records.mistakes(RECORD),
}
