"""JAX with a whole epoch as one jitted scan over the shuffled batches.

Pixels stay bytes, each step of the scan gathers and scales its batch; initial weights and orders are made by NumPy, so
that only the epoch is compiled.
"""

import os
from time import perf_counter

from bench.contestants import Job, save, training_pixels


def train(job: Job) -> float:
    """Compile, then run all epochs."""
    os.environ["JAX_PLATFORMS"] = "cpu"
    os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false"
    import jax
    import jax.numpy as jnp
    import numpy as np

    random = np.random.default_rng(job.seed)
    weights = []  # weight [in, out], bias [out], ...
    for fan_in, fan_out in zip(job.widths[:-1], job.widths[1:], strict=True):
        bound = fan_in**-0.5
        weights += [random.uniform(-bound, bound, shape).astype(np.float32) for shape in ((fan_in, fan_out), fan_out)]

    def loss_and_hits(weights, batch, truth):
        for weight, bias in zip(weights[:-2:2], weights[1:-2:2], strict=True):
            batch = jax.nn.relu(batch @ weight + bias)
        log_probabilities = jax.nn.log_softmax(batch @ weights[-2] + weights[-1])
        loss = -(log_probabilities * jax.nn.one_hot(truth, 10)).sum(axis=1).mean()
        return loss, (log_probabilities.argmax(axis=1) == truth).sum()

    def epoch(state, order, pixels, labels):
        def step(state, indices):
            weights, velocity = state
            batch = pixels[indices].astype(jnp.float32) / 255
            batch = (batch - 0.5) / 0.5 if job.normalize else batch
            (loss, hits), gradients = jax.value_and_grad(loss_and_hits, has_aux=True)(weights, batch, labels[indices])
            velocity = [job.momentum * v + g for v, g in zip(velocity, gradients, strict=True)]
            weights = [w - job.learning_rate * v for w, v in zip(weights, velocity, strict=True)]
            return (weights, velocity), (loss, hits)

        state, values = jax.lax.scan(step, state, order)
        return state, [value.sum() for value in values]

    def new_order():
        batches = job.n_train // job.batch_size
        return random.permutation(job.n_train)[: batches * job.batch_size].astype(np.int32).reshape(batches, -1)

    pixels, labels = jax.device_put(training_pixels(job))
    state = jax.device_put((weights, [np.zeros_like(weight) for weight in weights]))
    compiled = jax.jit(epoch, donate_argnums=0).lower(state, new_order(), pixels, labels).compile()
    started = perf_counter()
    for _ in range(job.epochs):
        state, sums = compiled(state, new_order(), pixels, labels)
        jax.block_until_ready(sums)
    jax.block_until_ready(state)
    seconds = perf_counter() - started
    save(job, [np.asarray(array).T for array in state[0]])
    return seconds
