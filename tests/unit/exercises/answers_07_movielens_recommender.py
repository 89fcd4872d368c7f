"""Other right answers and plausible wrong ones to the exercises of lesson 07."""

import math

import numpy as np
import records


def bias_by_loop(residuals, noises, spread):
    above, below = 0.0, 1 / (spread * spread)
    for residual, noise in zip(residuals, noises):
        above, below = above + residual / noise**2, below + noise**-2
    return above / below


def bias_as_ridge(residuals, noises, spread):
    rows, wanted = np.append(1 / noises, 1 / spread), np.append(residuals / noises, 0.0)
    return np.linalg.lstsq(rows[:, None], wanted, rcond=None)[0].item()


def bias_as_average(residuals, noises, spread):
    return np.average(np.append(residuals, 0.0), weights=np.append(noises, spread) ** -2.0)


def bias_by_updates(residuals, noises, spread):
    mean, variance = 0.0, spread**2
    for residual, noise in zip(residuals, noises):
        gain = variance / (variance + noise**2)
        mean, variance = mean + gain * (residual - mean), (1 - gain) * variance
    return mean


def bias_weights_not_squared(residuals, noises, spread):
    return (residuals / noises).sum() / ((1 / noises).sum() + 1 / spread)


def bias_spread_not_squared(residuals, noises, spread):
    return (residuals / noises**2).sum() / ((noises**-2.0).sum() + 1 / spread)


def bias_without_prior(residuals, noises, spread):
    return np.average(residuals, weights=noises**-2.0) if len(residuals) else 0.0


def bias_all_alike(residuals, noises, spread):
    return residuals.sum() / (len(residuals) + 1 / spread**2)


def bias_mean_noise(residuals, noises, spread):
    return residuals.sum() / (len(residuals) + (noises.mean() / spread) ** 2) if len(residuals) else 0.0


def bias_weighs_only_above(residuals, noises, spread):
    return (residuals / noises**2).sum() / (len(residuals) + 1 / spread**2)


def bias_trusts_the_erratic(residuals, noises, spread):
    return (residuals * noises**2).sum() / ((noises**2).sum() + spread**2)


def bias_prior_upside_down(residuals, noises, spread):
    return (residuals / noises**2).sum() / ((noises**-2.0).sum() + spread**2)


def bias_fails_on_nothing(residuals, noises, spread):
    weights = 1 / noises**2
    return np.average(residuals, weights=weights) * weights.sum() / (weights.sum() + 1 / spread**2)


def bias_nan_for_nothing(residuals, noises, spread):
    return bias_by_loop(residuals, noises, spread) if len(residuals) else float("nan")


def step_as_matrix(user, movie, stars, rate, penalty):
    both = np.stack([user, movie])
    error = stars - np.dot(*both)
    return tuple((1 - rate * penalty) * both + rate * error * both[::-1])


def one_after_the_other(user, movie, stars, rate, penalty):
    error = stars - user @ movie
    user = user + rate * (error * movie - penalty * user)
    movie = movie + rate * (error * user - penalty * movie)
    return user, movie


def wrong_sign(user, movie, stars, rate, penalty):
    error = user @ movie - stars
    return user + rate * (error * movie - penalty * user), movie + rate * (error * user - penalty * movie)


def grows_with_penalty(user, movie, stars, rate, penalty):
    error = stars - user @ movie
    return user + rate * (error * movie + penalty * user), movie + rate * (error * user + penalty * movie)


def in_place(user, movie, stars, rate, penalty):
    error, old = stars - user @ movie, user.copy()
    user += rate * (error * movie - penalty * user)
    movie += rate * (error * old - penalty * movie)
    return user, movie


def only_the_user(user, movie, stars, rate, penalty):
    return user + rate * ((stars - user @ movie) * movie - penalty * user)


def by_stacking(vectors, residuals, penalty):
    k = vectors.shape[1]
    tall = np.concatenate([vectors, math.sqrt(penalty) * np.eye(k)])
    return np.linalg.lstsq(tall, np.concatenate([residuals, np.zeros(k)]), rcond=None)[0]


def without_penalty(vectors, residuals, penalty):
    return np.linalg.pinv(vectors) @ residuals


def weighted_mean(vectors, residuals, penalty):
    return vectors.T @ residuals / (len(residuals) + penalty)


def wrong_gram(vectors, residuals, penalty):
    return vectors.T @ np.linalg.solve(vectors @ vectors.T + np.eye(len(vectors)), residuals)


def penalty_everywhere(vectors, residuals, penalty):
    return np.linalg.solve(vectors.T @ vectors + penalty, vectors.T @ residuals)


def gain_by_loop(ranked, relevant):
    gain = sum(1 / math.log2(place + 1) for place, movie in enumerate(ranked, start=1) if movie in relevant)
    best = sum(1 / math.log2(place + 1) for place in range(1, min(len(ranked), len(relevant)) + 1))
    return gain / best if best else 0.0


def places_from_zero(ranked, relevant):
    gain = sum(1 / math.log2(place + 1) for place, movie in enumerate(ranked) if movie in relevant and place)
    best = sum(1 / math.log2(place + 2) for place in range(min(len(ranked), len(relevant))))
    return gain / best if best else 0.0


def not_normalised(ranked, relevant):
    return sum(1 / math.log2(place + 1) for place, movie in enumerate(ranked, start=1) if movie in relevant)


def normalised_by_the_whole_list(ranked, relevant):
    best = sum(1 / math.log2(place + 2) for place in range(len(ranked)))
    return not_normalised(ranked, relevant) / best


def precision(ranked, relevant):
    return sum(movie in relevant for movie in ranked) / len(ranked)


# --- further right answers and mistakes -------------------------------------------------------------------------------


def bias_never_negative(residuals, noises, spread):
    return max(0.0, bias_by_loop(residuals, noises, spread))


def bias_absolute(residuals, noises, spread):
    return abs(bias_by_loop(residuals, noises, spread))


def bias_at_most_one(residuals, noises, spread):
    return float(np.clip(bias_by_loop(residuals, noises, spread), -1, 1))


def step_stacked(user, movie, stars, rate, penalty):
    error = stars - np.sum(user * movie)
    return np.stack([user + rate * (error * movie - penalty * user), movie + rate * (error * user - penalty * movie)])


def step_by_gradients(user, movie, stars, rate, penalty):
    slope = np.inner(user, movie) - stars
    of_user = [slope * m + penalty * u for u, m in zip(user, movie)]
    of_movie = [slope * u + penalty * m for u, m in zip(user, movie)]
    return [u - rate * g for u, g in zip(user, of_user)], [m - rate * g for m, g in zip(movie, of_movie)]


def step_on_copies(user, movie, stars, rate, penalty):
    new_user, new_movie = user.copy(), movie.copy()
    error = stars - user.dot(movie)
    new_user -= rate * (penalty * user - error * movie)
    new_movie -= rate * (penalty * movie - error * user)
    return new_user, new_movie


def _with_error(change):
    def step(user, movie, stars, rate, penalty):
        error = change(user @ movie, stars)
        return user + rate * (error * movie - penalty * user), movie + rate * (error * user - penalty * movie)

    return step


def _named(name, function):
    function.__name__ = name
    return function


OTHER_ERRORS = [
    _named("error_squared", _with_error(lambda said, stars: (stars - said) ** 2)),
    _named("error_without_sign", _with_error(lambda said, stars: abs(stars - said))),
    _named("only_the_sign", _with_error(lambda said, stars: np.sign(stars - said))),
    _named("prediction_clipped", _with_error(lambda said, stars: stars - np.clip(said, 0.5, 5))),
    _named("error_doubled", _with_error(lambda said, stars: 2 * (stars - said))),
    _named("error_halved", _with_error(lambda said, stars: (stars - said) / 2)),
    _named("error_rounded", _with_error(lambda said, stars: stars - np.round(2 * said) / 2)),
    _named("error_at_most_one", _with_error(lambda said, stars: np.clip(stars - said, -1, 1))),
]


def penalty_not_times_rate(user, movie, stars, rate, penalty):
    error = stars - user @ movie
    return user + rate * error * movie - penalty * user, movie + rate * error * user - penalty * movie


def step_exchanged(user, movie, stars, rate, penalty):
    return step_as_matrix(user, movie, stars, rate, penalty)[::-1]


def own_vector_for_the_others(user, movie, stars, rate, penalty):
    error = stars - user @ movie
    return user + rate * (error - penalty) * user, movie + rate * (error - penalty) * movie


def penalty_of_the_other(user, movie, stars, rate, penalty):
    error = stars - user @ movie
    return user + rate * (error - penalty) * movie, movie + rate * (error - penalty) * user


def step_only_the_moves(user, movie, stars, rate, penalty):
    new_user, new_movie = step_as_matrix(user, movie, stars, rate, penalty)
    return new_user - user, new_movie - movie


def vector_by_inverse(vectors, residuals, penalty):
    return (np.linalg.inv(penalty * np.identity(vectors.shape[1]) + vectors.T @ vectors) @ vectors.T).dot(residuals)


def vector_by_singular_values(vectors, residuals, penalty):
    left, size, right = np.linalg.svd(vectors, full_matrices=False)
    return right.T @ (size / (size**2 + penalty) * (left.T @ residuals))


def vector_by_elimination(vectors, residuals, penalty):
    gram = sum((np.outer(v, v) for v in vectors), penalty * np.eye(vectors.shape[1]))
    return list(np.linalg.lstsq(gram, residuals @ vectors, rcond=None)[0])


def penalty_squared(vectors, residuals, penalty):
    return vector_by_inverse(vectors, residuals, penalty**2)


def penalty_twice(vectors, residuals, penalty):
    return vector_by_inverse(vectors, residuals, 2 * penalty)


def penalty_by_film(vectors, residuals, penalty):
    return vector_by_inverse(vectors, residuals, penalty * max(len(residuals), 1))


def newcomer_sign(vectors, residuals, penalty):
    return -vector_by_inverse(vectors, residuals, penalty)


def penalty_subtracted_from_gram(vectors, residuals, penalty):
    return np.linalg.solve(vectors.T @ vectors - penalty * np.eye(vectors.shape[1]), vectors.T @ residuals)


def one_gradient_step(vectors, residuals, penalty):
    return vectors.T @ residuals


def centred_first(vectors, residuals, penalty):
    if not len(residuals):
        return np.zeros(vectors.shape[1])
    return vector_by_inverse(vectors, residuals - residuals.mean(), penalty)


def predictions_not_the_vector(vectors, residuals, penalty):
    return vectors @ vector_by_inverse(vectors, residuals, penalty)


def only_diagonal(vectors, residuals, penalty):
    return vectors.T @ residuals / ((vectors**2).sum(axis=0) + penalty)


def gain_by_numpy(ranked, relevant):
    worth = 1 / np.log2(np.arange(2, len(ranked) + 2))
    hits = np.isin(ranked, list(relevant)) if relevant else np.zeros(len(ranked))
    return np.sum(worth * hits) / max(np.sort(worth)[::-1][: len(relevant)].sum(), 1e-9)


def gain_with_logarithms(ranked, relevant):
    if not relevant:
        return 0
    worth = [math.log(2) / math.log(place + 2) for place in range(len(ranked))]
    return sum(w for w, film in zip(worth, ranked) if film in relevant) / sum(worth[: len(relevant)])


def _with_worth(worth):
    def gain(ranked, relevant):
        found = sum(worth(place) for place, movie in enumerate(ranked, start=1) if movie in relevant)
        best = sum(worth(place) for place in range(1, min(len(ranked), len(relevant)) + 1))
        return found / best if best else 0.0

    return gain


OTHER_WORTH = [
    _named("worth_by_place", _with_worth(lambda k: 1 / k)),
    _named("worth_natural_log_plus_one", _with_worth(lambda k: 1 / (1 + math.log(k)))),
    _named("worth_off_by_one", _with_worth(lambda k: 1 / math.log2(k + 2))),
    _named("worth_by_root", _with_worth(lambda k: k**-0.5)),
    _named("worth_alike", _with_worth(lambda k: 1.0)),
]


def best_of_all_relevant(ranked, relevant):
    best = sum(1 / math.log2(place + 2) for place in range(len(relevant)))
    return not_normalised(ranked, relevant) / best if best else 0.0


def best_of_hits(ranked, relevant):
    hits = sum(movie in relevant for movie in ranked)
    best = sum(1 / math.log2(place + 2) for place in range(hits))
    return not_normalised(ranked, relevant) / best if best else 0.0


def fails_where_nothing_is_relevant(ranked, relevant):
    best = sum(1 / math.log2(place + 2) for place in range(min(len(ranked), len(relevant))))
    return not_normalised(ranked, relevant) / best


def one_where_nothing_is_relevant(ranked, relevant):
    return gain_by_loop(ranked, relevant) if relevant else 1.0


def first_hit_only(ranked, relevant):
    return next((1 / math.log2(k + 1) for k, movie in enumerate(ranked, start=1) if movie in relevant), 0.0)


def recall(ranked, relevant):
    return len(relevant.intersection(ranked)) / max(len(relevant), 1)


RECORD = {
    "change": "learned from half of the ratings",
    "predicted": 0.0,
    "before": [0.887, 0.871, 0.879, 0.880],
    "after": [0.910, 0.900, 0.899, 0.912],
    "effect": 0.026,
    "doubt": 0.002739,
}

ALTERNATIVES = {
    "07.1": [bias_by_loop, bias_as_ridge, bias_as_average, bias_by_updates],
    "07.2": [step_as_matrix, step_stacked, step_by_gradients, step_on_copies],
    "07.3": [by_stacking, vector_by_inverse, vector_by_singular_values, vector_by_elimination],
    "07.4": [gain_by_loop, gain_by_numpy, gain_with_logarithms],
    "07.5": records.forms(RECORD),
}
WRONG = {
    "07.1": [
        *(bias_weights_not_squared, bias_spread_not_squared, bias_without_prior, bias_all_alike, bias_mean_noise),
        *(bias_weighs_only_above, bias_trusts_the_erratic, bias_prior_upside_down, bias_fails_on_nothing),
        *(bias_nan_for_nothing, bias_never_negative, bias_absolute, bias_at_most_one),
    ],
    "07.2": [
        *(one_after_the_other, wrong_sign, grows_with_penalty, in_place, only_the_user, *OTHER_ERRORS),
        *(penalty_not_times_rate, step_exchanged, own_vector_for_the_others, penalty_of_the_other),
        step_only_the_moves,
    ],
    "07.3": [
        *(without_penalty, weighted_mean, wrong_gram, penalty_everywhere, penalty_squared, penalty_twice),
        *(penalty_by_film, newcomer_sign, penalty_subtracted_from_gram, one_gradient_step, centred_first),
        *(predictions_not_the_vector, only_diagonal),
    ],
    "07.4": [
        *(places_from_zero, not_normalised, normalised_by_the_whole_list, precision, *OTHER_WORTH),
        *(best_of_all_relevant, best_of_hits, fails_where_nothing_is_relevant, one_where_nothing_is_relevant),
        *(first_hit_only, recall),
    ],
    "07.5": records.mistakes(RECORD),
}
