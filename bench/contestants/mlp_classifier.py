"""scikit-learn's MLPClassifier with the same network, optimizer and batches."""

import warnings
from time import perf_counter

from bench.contestants import Job, save, training_arrays


def train(job: Job) -> float:
    """Fit, all epochs."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.neural_network import MLPClassifier

    inputs, labels = training_arrays(job)
    network = MLPClassifier(
        job.hidden,
        solver="sgd",
        alpha=0,
        batch_size=job.batch_size,
        learning_rate_init=job.learning_rate,
        momentum=job.momentum,
        nesterovs_momentum=False,
        max_iter=job.epochs,
        n_iter_no_change=job.epochs,
        random_state=job.seed,
    )
    started = perf_counter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # it is meant to stop at max_iter
        network.fit(inputs, labels)
    seconds = perf_counter() - started
    pairs = zip(network.coefs_, network.intercepts_, strict=True)
    save(job, [array for weight, bias in pairs for array in (weight.T, bias)])
    return seconds
