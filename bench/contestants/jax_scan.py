"""JAX with a whole epoch as one jitted scan over the shuffled batches."""

import os
from time import perf_counter

from bench.contestants import Job, save, training_arrays


def train(job: Job) -> float:
    """Compile, then run all epochs."""
    os.environ["JAX_PLATFORMS"] = "cpu"
    os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false"
    import jax
    import jax.numpy as jnp

    inputs, labels = (jnp.asarray(array) for array in training_arrays(job))
    key = jax.random.key(job.seed)
    weights = []
    for fan_in, fan_out in zip(job.widths[:-1], job.widths[1:], strict=True):
        key, *keys = jax.random.split(key, 3)
        shapes = ((fan_in, fan_out), (fan_out,))
        bound = fan_in**-0.5
        weights += [jax.random.uniform(k, s, minval=-bound, maxval=bound) for k, s in zip(keys, shapes, strict=True)]

    def loss_and_hits(weights, batch, truth):
        for weight, bias in zip(weights[:-2:2], weights[1:-2:2], strict=True):
            batch = jax.nn.relu(batch @ weight + bias)
        log_probabilities = jax.nn.log_softmax(batch @ weights[-2] + weights[-1])
        loss = -jnp.take_along_axis(log_probabilities, truth[:, None], axis=1).mean()
        return loss, (log_probabilities.argmax(axis=1) == truth).sum()

    def step(state, batch):
        weights, velocity = state
        (loss, hits), gradients = jax.value_and_grad(loss_and_hits, has_aux=True)(weights, *batch)
        velocity = [job.momentum * v + g for v, g in zip(velocity, gradients, strict=True)]
        weights = [w - job.learning_rate * v for w, v in zip(weights, velocity, strict=True)]
        return (weights, velocity), (loss, hits)

    @jax.jit
    def epoch(state, key, inputs, labels):
        order = jax.random.permutation(key, job.n_train).reshape(-1, job.batch_size)
        state, figures = jax.lax.scan(step, state, (inputs[order], labels[order]))
        return state, [figure.sum() for figure in figures]

    state = (weights, [jnp.zeros_like(weight) for weight in weights])
    compiled = epoch.lower(state, key, inputs, labels).compile()
    started = perf_counter()
    for order_key in jax.random.split(key, job.epochs):
        state, figures = compiled(state, order_key, inputs, labels)
        jax.block_until_ready(figures)
    jax.block_until_ready(state)
    seconds = perf_counter() - started
    save(job, [array.T for array in state[0]])
    return seconds
