"""Other right answers and plausible wrong ones to the exercises of lesson 07."""

import math

import numpy as np
import records


def bias_by_padding(residuals, penalty):
    total, count = 0.0, penalty
    for residual in residuals:
        total, count = total + residual, count + 1
    return total / count if count else 0.0


def plain_mean(residuals, penalty):
    return np.mean(residuals) if len(residuals) else 0.0


def mean_over_penalty(residuals, penalty):
    return np.sum(residuals) / (1 + penalty)


def penalty_subtracted(residuals, penalty):
    return (np.sum(residuals) - penalty) / max(len(residuals), 1)


def fails_on_nothing(residuals, penalty):
    return sum(residuals) / len(residuals) * len(residuals) / (len(residuals) + penalty)


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


def bias_as_weighted_mean(residuals, penalty):
    n = len(residuals)
    return 0 if n == 0 else np.mean(residuals) * n / (n + penalty)


def bias_guarded_below(residuals, penalty):
    return np.array([np.sum(residuals) / max(residuals.size + penalty, 1e-12)])


def bias_never_negative(residuals, penalty):
    return max(0.0, bias_by_padding(residuals, penalty))


def bias_absolute(residuals, penalty):
    return abs(bias_by_padding(residuals, penalty))


def bias_whole_penalty(residuals, penalty):
    return bias_by_padding(residuals, int(penalty))


def bias_nan_for_nothing(residuals, penalty):
    return bias_by_padding(residuals, penalty) if len(residuals) else float("nan")


def bias_penalty_for_nothing(residuals, penalty):
    return bias_by_padding(residuals, penalty) if len(residuals) else -penalty


def bias_of_the_median(residuals, penalty):
    return np.median(residuals) * len(residuals) / (len(residuals) + penalty) if len(residuals) else 0.0


def bias_shrunk_by_square(residuals, penalty):
    return residuals.sum() / (len(residuals) + penalty**2) if len(residuals) else 0.0


def bias_penalty_at_least_one(residuals, penalty):
    return residuals.sum() / (len(residuals) + max(penalty, 1)) if len(residuals) else 0.0


def bias_of_squares(residuals, penalty):
    return residuals.sum() / (residuals @ residuals + penalty) if len(residuals) else 0.0


def bias_at_most_one(residuals, penalty):
    return float(np.clip(bias_by_padding(residuals, penalty), -1, 1))


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
    "07.1": [bias_by_padding, bias_as_weighted_mean, bias_guarded_below],
    "07.2": [step_as_matrix, step_stacked, step_by_gradients, step_on_copies],
    "07.3": [by_stacking, vector_by_inverse, vector_by_singular_values, vector_by_elimination],
    "07.4": [gain_by_loop, gain_by_numpy, gain_with_logarithms],
    "07.5": records.forms(RECORD),
}
WRONG = {
    "07.1": [
        *(plain_mean, mean_over_penalty, penalty_subtracted, fails_on_nothing, bias_never_negative, bias_absolute),
        *(bias_whole_penalty, bias_nan_for_nothing, bias_penalty_for_nothing, bias_of_the_median),
        *(bias_shrunk_by_square, bias_penalty_at_least_one, bias_of_squares, bias_at_most_one),
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
