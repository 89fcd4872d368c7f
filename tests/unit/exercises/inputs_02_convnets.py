"""Inputs of lesson 02's sweeps: kernels of one, strides that do not divide, no layers and many."""


def conv_parameters(rng):
    for _ in range(80):
        channels = rng.integers(1, rng.choice([4, 70, 513]), 2).tolist()
        yield int(rng.choice([1, 1, 2, 3, 4, 5, 7, 11])), *channels, bool(rng.random() < 0.5)


def receptive_field(rng):
    yield ([],)
    for _ in range(120):
        count = int(rng.choice([1, 2, 2, 3, 3, 4, 5, 8]))
        yield ([(int(rng.integers(1, 8)), int(rng.choice([1, 1, 2, 2, 3, 4]))) for _ in range(count)],)


def parameters_per_sample(rng):
    for _ in range(100):
        sizes = rng.integers(1, rng.choice([4, 40, 1000]), int(rng.choice([2, 2, 3, 4, 6]))).tolist()
        yield (tuple(sizes) if rng.random() < 0.2 else sizes), int(rng.integers(1, rng.choice([20, 60_000])))


INPUTS = {"02.1": conv_parameters, "02.3": receptive_field, "02.5": parameters_per_sample}
