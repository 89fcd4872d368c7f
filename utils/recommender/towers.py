"""Lesson 07: two towers, one for users and one for movies, trained to tell what was watched from what was not."""

from __future__ import annotations

import numpy as np


def build_two_towers(n_users: int, movie_features: np.ndarray, width: int = 32, penalty: float = 1e-5):
    """A vector for each user, and for each movie one of its own plus one of its features; their product is the score.

    Inputs ``[users, movies]``: int32 of shape (batch, 1) and (batch, m); output: scores (batch, m). Not compiled.
    """
    import keras
    from keras import layers

    user = layers.Input((1,), dtype="int32", name="user")
    movies = layers.Input((None,), dtype="int32", name="movies")
    rows = keras.initializers.Constant(np.asarray(movie_features, dtype=np.float32))
    known = layers.Embedding(*movie_features.shape, embeddings_initializer=rows, trainable=False)(movies)
    l2 = keras.regularizers.L2(penalty)
    u = layers.Embedding(n_users, width, embeddings_regularizer=l2)(user)
    v = layers.Embedding(len(movie_features), width, embeddings_regularizer=l2)(movies)
    v = layers.Add()([v, layers.Dense(width, use_bias=False)(known)])
    b = layers.Flatten()(layers.Embedding(len(movie_features), 1, embeddings_initializer="zeros")(movies))
    scores = layers.Add()([layers.Reshape((-1,))(layers.Dot(axes=-1)([v, u])), b])
    return keras.Model([user, movies], scores)
