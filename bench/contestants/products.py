"""A lower bound: only the matrix products of the layers' forward and backward passes, as torch calls them."""

from itertools import pairwise
from time import perf_counter

from bench.contestants import Job


def train(job: Job) -> float:
    """As many products as training takes, on random numbers; learns and saves nothing."""
    import torch
    import torch.nn.functional as F

    torch.set_num_threads(1)
    layers = [
        (torch.randn(job.batch_size, n), torch.randn(m, n), torch.randn(m), torch.randn(job.batch_size, m))
        for n, m in pairwise(job.widths)
    ]
    started = perf_counter()
    with torch.inference_mode():
        for _ in range(job.epochs * (job.n_train // job.batch_size)):
            for index, (inputs, weight, bias, gradient) in enumerate(layers):
                F.linear(inputs, weight, bias)
                gradient.t() @ inputs
                if index:
                    gradient @ weight
    return perf_counter() - started
