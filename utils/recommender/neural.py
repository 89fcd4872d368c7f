"""Lesson 07: the lecture's network, and ours, which also reads what is known of movies and users."""

from __future__ import annotations

import numpy as np


def build_concatenated(
    n_users: int,
    n_movies: int,
    factors: int = 50,
    hidden: int = 70,
    dropouts: tuple[float, float] = (0.3, 0.75),
    mean: float = 0.0,
):
    """The lecture's neural network: both vectors side by side, dropout 0.3, Dense 70, dropout 0.75, Dense 1.

    ``he_normal`` vectors as in the lecture; inputs and output as in ``build_factorisation`` (not compiled).
    """
    import keras
    from keras import layers

    user, movie = (layers.Input((1,), dtype="int32", name=name) for name in ("user", "movie"))
    u = layers.Embedding(n_users, factors, embeddings_initializer="he_normal", name="user_vector")(user)
    v = layers.Embedding(n_movies, factors, embeddings_initializer="he_normal", name="movie_vector")(movie)
    y = layers.Flatten()(layers.Concatenate()([u, v]))
    y = layers.Dropout(dropouts[0])(y)
    y = layers.Dense(hidden, activation="relu")(y)
    y = layers.Dropout(dropouts[1])(y)
    y = layers.Dense(1)(y)
    if mean:
        y = layers.Rescaling(1.0, offset=mean, name="mean")(y)
    return keras.Model([user, movie], y)


def build_hybrid(
    n_users: int,
    movie_features: np.ndarray,
    factors: int = 16,
    mean: float = 0.0,
    penalty: float = 1e-4,
    bias_penalty: float = 4e-5,
):
    """Our network: factorisation in which what is known of a movie also makes its vector and its bias.

    vector = Dense(features) + Embedding(index): the Dense part serves movies with few ratings, the Embedding adds what
    only ratings can tell (Agarwal and Chen, "Regression-based Latent Factor Models", 2009).

    Args:
        movie_features: float array (movies, p), as ``features.describe`` returns it.
        penalty, bias_penalty: as in ``build_factorisation``; each also holds the Dense weights of its kind.

    Inputs and output as in ``build_factorisation`` (not compiled).
    """
    import keras
    from keras import layers

    user, movie = (layers.Input((1,), dtype="int32", name=name) for name in ("user", "movie"))
    rows = keras.initializers.Constant(np.asarray(movie_features, dtype=np.float32))
    known = layers.Embedding(*movie_features.shape, embeddings_initializer=rows, trainable=False, name="known")(movie)

    def table(index, count, width, strength):
        start = keras.initializers.RandomNormal(0.0, 0.05) if width > 1 else "zeros"
        l2 = keras.regularizers.L2(strength)
        return layers.Embedding(count, width, embeddings_initializer=start, embeddings_regularizer=l2)(index)

    def told(width, strength):
        start = keras.initializers.RandomNormal(0.0, 0.02)
        return layers.Dense(width, kernel_initializer=start, kernel_regularizer=keras.regularizers.L2(strength))(known)

    u, b = table(user, n_users, factors, penalty), table(user, n_users, 1, bias_penalty)
    v = layers.Add()([table(movie, len(movie_features), factors, penalty), told(factors, penalty)])
    c = layers.Add()([table(movie, len(movie_features), 1, bias_penalty), told(1, bias_penalty)])
    stars = layers.Flatten()(layers.Add()([layers.Dot(axes=-1)([u, v]), b, c]))
    return keras.Model([user, movie], layers.Rescaling(1.0, offset=mean, name="mean")(stars))
