"""CUDA graphs simulated on a CPU: a capture lists the operations and undoes what they wrote; a replay calls them."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor

from experiment_grid.training.step_recorder import Recorder, leaves, memory, operations
from experiment_grid.training.step_replay import put_back, random_states, whole


class Undoable(Recorder):
    """Keeps what the operations may overwrite. (Not all of them declare what they write: batch norm does not.)"""

    def __init__(self):
        super().__init__()
        self.before: dict[int, tuple[Tensor, Tensor]] = {}

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        for leaf in leaves((args, kwargs or {})):
            if isinstance(leaf, Tensor) and memory(leaf) not in self.before and memory(leaf) not in self.made:
                self.before[memory(leaf)] = whole(leaf.detach()), whole(leaf.detach()).clone()
        return super().__torch_dispatch__(func, types, args, kwargs)


class SimulatedGraphs:
    """The counterpart of what loop.graphs_on returns on a GPU."""

    def __init__(self, device: torch.device):
        self.device = device

    @contextmanager
    def aside(self) -> Iterator[None]:
        yield

    @contextmanager
    def waits_noticed(self, recorder: Recorder) -> Iterator[None]:
        yield

    def capture(self, compute: Callable[[], Any]) -> tuple[Callable[[], None], Any]:
        recorder, random = Undoable(), random_states()
        with recorder:
            answer = compute()
        put_back([one for one, _ in recorder.before.values()], [copy for _, copy in recorder.before.values()], random)
        if recorder.why:
            raise RuntimeError(f"operation not permitted when stream is capturing: {recorder.why}")
        calls = operations(recorder.calls)

        def replay() -> None:
            with torch.no_grad(), torch._C._AutoDispatchBelowAutograd():
                for call in calls:
                    call()

        replay.memory = recorder.calls
        return replay, answer
