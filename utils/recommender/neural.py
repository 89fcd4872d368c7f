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
    movie_features: np.ndarray,
    user_features: np.ndarray,
    factors: int = 16,
    mean: float = 0.0,
    penalty: float = 1e-4,
    bias_penalty: float = 4e-5,
):
    """Our network: factorisation in which what is known of a movie or a user also makes its vector and its bias.

    vector = Dense(features) + Embedding(index): the Dense part serves movies with few ratings, the Embedding adds what
    only ratings can tell (Agarwal and Chen, "Regression-based Latent Factor Models", 2009).

    Args:
        movie_features, user_features: float arrays (movies, p) and (users, q), as ``features.describe`` returns them;
            p or q may be 0. On MovieLens q = 0 generalises best: what users watched invites it to learn by heart.
        penalty, bias_penalty: as in ``build_factorisation``; each also holds the Dense weights of its kind.

    Inputs and output as in ``build_factorisation`` (not compiled).
    """
    import keras
    from keras import layers, regularizers

    inputs, vectors, biases = [], [], []
    for name, features in (("user", user_features), ("movie", movie_features)):
        index = layers.Input((1,), dtype="int32", name=name)
        known = None
        if features.shape[1]:  # rows that are looked up and never train
            rows = keras.initializers.Constant(np.asarray(features, dtype=np.float32))
            table = {"embeddings_initializer": rows, "trainable": False, "name": f"{name}_features"}
            known = layers.Embedding(*features.shape, **table)(index)
        for width, strength, parts in ((factors, penalty, vectors), (1, bias_penalty, biases)):
            start = keras.initializers.RandomNormal(0.0, 0.05) if width > 1 else "zeros"
            own = layers.Embedding(
                len(features), width, embeddings_initializer=start, embeddings_regularizer=regularizers.L2(strength)
            )(index)
            if known is not None:
                told = layers.Dense(
                    width,
                    kernel_initializer=keras.initializers.RandomNormal(0.0, 0.02),
                    kernel_regularizer=regularizers.L2(strength),
                )(known)
                own = layers.Add()([own, told])
            parts.append(own)
        inputs.append(index)
    stars = layers.Add()([layers.Dot(axes=-1)(vectors), *biases])
    return keras.Model(inputs, layers.Rescaling(1.0, offset=mean, name="mean")(layers.Flatten()(stars)))
