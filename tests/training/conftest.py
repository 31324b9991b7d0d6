"""Training as in a job: one thread."""

import pytest
import torch
from threadpoolctl import threadpool_limits


@pytest.fixture(scope="session", autouse=True)
def one_thread():
    torch.set_num_threads(1)
    with threadpool_limits(1):  # NumPy's
        yield
