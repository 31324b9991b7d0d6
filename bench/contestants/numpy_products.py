"""The same matrix products as in products.py by NumPy (OpenBLAS), with reused memory for each result."""

from itertools import pairwise
from time import perf_counter

from bench.contestants import Job


def train(job: Job) -> float:
    """As many products as training takes, on random numbers; learns and saves nothing."""
    import numpy as np

    random = np.random.default_rng(job.seed)
    layers = [
        [random.standard_normal(shape, np.float32) for shape in ((n, job.batch_size), (m, n), (m, job.batch_size))]
        for n, m in pairwise(job.widths)
    ]
    places = [[np.empty_like(array) for array in layer] for layer in layers]
    started = perf_counter()
    for _ in range(job.epochs * (job.n_train // job.batch_size)):
        for index, ((inputs, weight, gradient), places_of_layer) in enumerate(zip(layers, places, strict=True)):
            before, weight_place, outputs = places_of_layer
            np.matmul(weight, inputs, out=outputs)
            np.matmul(gradient, inputs.T, out=weight_place)
            if index:
                np.matmul(weight.T, gradient, out=before)
    return perf_counter() - started
