"""A step of training on a GPU as a CUDA graph: its kernels start together, without running the model's Python.

The first steps with batches of a size are eager, on a stream of their own; the last of them is watched for what a graph
cannot do again. The next step is captured: its kernels are listed and not run. That batch and the one after it are then
computed by the graph and, all put back, eagerly: both must leave the same bits. Later batches are replayed. Every
further epoch begins with such a check. A model that cannot be captured trains eagerly, with the reason in the log.
"""

import gc
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

import torch
from torch import Tensor, nn

from experiment_grid.runtime.errors import one_line
from experiment_grid.training.optimizers.base import FusedOptimizer
from experiment_grid.training.python_state import PythonState, Unseen
from experiment_grid.training.step_recorder import Recorder, leaves, memory, reads_noticed, same_bits, unfit
from experiment_grid.training.step_replay import CHECKS, FEW, Answer, Recorded, put_back, random_states, whole

WARM = 3  # eager steps before a capture: libraries choose their kernels, an optimizer makes its state
OTHER_MEMORY = "its optimizer changes an option, or puts the weights into other memory"

FAILED: list[Any] = []  # graphs whose capture failed: PyTorch's allocator keeps a pointer to each


class Graphs:
    """CUDA graphs on one device."""

    def __init__(self, device: torch.device):
        self.device = device
        self.stream = torch.cuda.Stream(device)

    @contextmanager
    def aside(self) -> Iterator[None]:
        """Launch on a stream of its own, as a capture needs, in order with what is launched before and after."""
        usual = torch.cuda.current_stream(self.device)
        self.stream.wait_stream(usual)
        with torch.cuda.stream(self.stream):
            yield
        usual.wait_stream(self.stream)

    def capture(self, compute: Callable[[], Answer]) -> tuple[Callable[[], None], Answer]:
        """What starts the kernels of `compute`, which are not run now, and where they write the answer."""
        gc.collect()  # nothing may be freed in between
        torch.cuda.synchronize(self.device)
        graph = torch.cuda.CUDAGraph()
        try:
            answer = self._captured(graph, compute)
        except Exception:
            FAILED.append(graph)
            with suppress(RuntimeError):  # PyTorch counts the random numbers as being captured until a capture ends
                self._captured(torch.cuda.CUDAGraph(), lambda: torch.zeros(1, device=self.device))
            raise
        return graph.replay, answer

    def _captured(self, graph: torch.cuda.CUDAGraph, compute: Callable[[], Any]) -> Any:
        with self.aside():
            graph.capture_begin()
            try:
                answer = compute()
            except Exception:
                with suppress(RuntimeError):  # that the capture is not valid any more
                    graph.capture_end()
                raise
            graph.capture_end()
        return answer

    @contextmanager
    def waits_noticed(self, recorder: Recorder) -> Iterator[None]:
        """Let a kernel that the program waits for refuse the capture."""
        mode = torch.cuda.get_sync_debug_mode()
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            torch.cuda.set_sync_debug_mode("warn")
            try:
                yield
            finally:
                torch.cuda.set_sync_debug_mode(mode)
        for one in caught:
            if "called a synchronizing CUDA operation" in str(one.message):
                recorder.refuse("it waits for the GPU")
            elif "ynchroniz" not in str(one.message):  # PyTorch's warning about this mode itself
                warnings.warn_explicit(one.message, one.category, one.filename, one.lineno)


class Watcher(Recorder):
    """Finds out why a step cannot be captured; records nothing."""

    def __init__(self, device: str):
        super().__init__()
        self.device = device

    def _add(self, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any], out: Any) -> None:
        if "attention" in func.name():  # its seed is a tensor on the CPU, and within a capture none
            return
        given = [leaf for leaf in leaves((args, kwargs)) if leaf is not None]
        if why := unfit(func, given, leaves(out), self.device):
            self.refuse(why)


class Capture:
    """A step with batches of one size: what it may write, and where it takes a batch from, once it is captured."""

    python: PythonState | None = None  # before the step that is watched
    tensors: list[Tensor]  # that the step may write
    places: list[Tensor]
    fixed: list[Any]  # what the graph takes for granted
    gradients: list[Tensor | None]
    answer: Answer
    replay: Callable[[], None] | None = None

    def __init__(self) -> None:
        self.steps, self.checks, self.replayed = 0, 0, False


class Captured(Recorded):
    """Replaces `eager` for the batches of a training: the gradients of a batch or, with `optimizer`, a whole step.

    `eager` gets the batch, two tensors, as the last of its arguments. The rest as in `Recorded`.
    """

    def __init__(
        self,
        graphs: Graphs,
        eager: Callable[..., Answer],
        roots: Mapping[str, Any],
        parameters: list[nn.Parameter],
        counts: Mapping[int, int],
        keep: bool,
        say: Callable[[str], None],
        optimizer: FusedOptimizer | None = None,
    ):
        super().__init__(eager, roots, parameters, counts, keep, say)
        self.graphs, self.optimizer = graphs, optimizer

    def place(self, size: int) -> None:
        """Anywhere: a graph has its batch copied."""

    def __call__(self, *arguments: Any) -> Answer:
        """Logits [B, K] and loss of a batch, as `eager` gives them."""
        size = len(arguments[-1])
        if self.why or self.counts.get(size, 0) <= FEW:
            return self.eager(*arguments)
        if self.optimizer:
            self.optimizer.put_rates()
        elif any(parameter.grad is not None for parameter in self.parameters):
            return self._give_up("its optimizer keeps gradients from one step to the next", arguments)
        capture: Capture = self.recordings.setdefault(size, Capture())
        if capture.steps < WARM:
            return self._warm(capture, arguments)
        if capture.replay is None and (why := self._capture(capture, arguments)):
            return self._give_up(why, arguments)
        if capture.fixed != self._fixed():
            return self._give_up(OTHER_MEMORY, arguments)
        if capture.checks < CHECKS:
            return self._compare(capture, arguments)
        capture.replayed = True
        return self._replay(capture, arguments)

    def _warm(self, capture: Capture, arguments: tuple[Any, ...]) -> Answer:
        """An eager step, the last one watched."""
        capture.steps += 1
        if capture.steps < WARM:
            return self._aside(arguments)
        try:
            capture.python = python = PythonState(self.roots)
        except Unseen as error:
            return self._give_up(str(error), arguments)
        capture.tensors = self._written(python)
        copies, random = [tensor.clone() for tensor in capture.tensors], random_states()
        watcher = Watcher(self.graphs.device.type)
        try:
            with self.graphs.waits_noticed(watcher), reads_noticed(watcher), watcher:
                answer = self._aside(arguments)
        except Exception as error:
            if self._change(python):
                raise  # it cannot be done again
            put_back(capture.tensors, copies, random)
            self._forget_gradients()
            return self._give_up(f"it cannot be watched ({_said(error)})", arguments)
        if why := self._change(python) or watcher.why:
            self._stop(why)
        return answer

    def _aside(self, arguments: tuple[Any, ...]) -> Answer:
        with self.graphs.aside():
            return self.eager(*arguments)

    def _capture(self, capture: Capture, arguments: tuple[Any, ...]) -> str:
        """Capture a step on memory of its own; says why that fails, empty if it does not."""
        assert capture.python
        capture.places = [tensor.clone() for tensor in arguments[-2:]]
        capture.tensors = self._written(capture.python)
        capture.fixed = self._fixed()
        self._forget_gradients()
        try:
            capture.replay, capture.answer = self.graphs.capture(lambda: self.eager(*arguments[:-2], *capture.places))
        except Exception as error:
            self._forget_gradients()
            return f"it cannot be captured ({_said(error)})"
        capture.gradients = [] if self.optimizer else [parameter.grad for parameter in self.parameters]
        self._forget_gradients()
        return ""

    def _replay(self, capture: Capture, arguments: tuple[Any, ...]) -> Answer:
        for place, tensor in zip(capture.places, arguments[-2:], strict=True):
            place.copy_(tensor)
        assert capture.replay
        capture.replay()
        for parameter, gradient in zip(self.parameters, capture.gradients, strict=False):
            parameter.grad = gradient.clone() if self.keep and gradient is not None else gradient
        logits, loss = capture.answer
        return logits.clone(), loss.clone()

    def _compare(self, capture: Capture, arguments: tuple[Any, ...]) -> Answer:
        """Replay, restore, step eagerly, and compare the state."""
        assert capture.python
        copies, random = [tensor.clone() for tensor in capture.tensors], random_states()
        replayed = self._left(capture, self._replay(capture, arguments))
        put_back(capture.tensors, copies, random)
        self._forget_gradients()
        answer = self.eager(*arguments)
        capture.checks += 1
        same = all(map(same_bits, replayed, self._left(capture, answer)))
        why = "" if same else "a replay does not give the same bits"
        change = self._change(capture.python) if why or capture.checks == CHECKS else ""
        if change and capture.replayed:  # it was right until validation changed the model: the next is captured anew
            del self.recordings[len(arguments[-1])]
        elif change or why:
            self._stop(change or why)
        return answer

    def _left(self, capture: Capture, answer: Answer) -> list[Tensor | None]:
        """Copies of all that a step leaves."""
        gradients = [parameter.grad for parameter, _ in zip(self.parameters, capture.gradients, strict=False)]
        left = [*answer, *gradients, *capture.tensors, *random_states()]
        return [None if tensor is None else tensor.detach().clone() for tensor in left]

    def _written(self, python: PythonState) -> list[Tensor]:
        """All memory that a step may write and something else reads: of model, loss and optimizer."""
        state = self.optimizer.state.values() if self.optimizer else ()
        tensors = [*python.tensors, *(value for values in state for value in values.values())]
        return [*{memory(tensor): whole(tensor) for tensor in tensors}.values()]

    def _fixed(self) -> list[Any]:
        """What a graph takes for granted: places of the weights, options of the optimizer but its learning rates."""
        places = [(parameter.data_ptr(), parameter.requires_grad) for parameter in self.parameters]
        groups = self.optimizer.param_groups if self.optimizer else ()
        return places + [{**group, "params": None, "lr": None} for group in groups]

    def _forget_gradients(self) -> None:
        for parameter in self.parameters:
            parameter.grad = None


def _said(error: Exception) -> str:
    return f"{type(error).__name__}: {one_line(' '.join(str(error).split()), 200)}"
