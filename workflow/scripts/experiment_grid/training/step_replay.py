"""The gradients of a batch, as `step.gradients` computes them, to the last bit, without running the model's Python.

The first batch of a size is an ordinary eager step that is watched (step_recorder.py). With the second and the third,
the recording is replayed and everything it wrote put back; then the batch is an eager step again, and both must agree
in every bit. Later batches are replayed. No step is run only to record it: a model that cannot be recorded has been
trained eagerly by then and continues so, with the reason in the log. Every further epoch begins with such a check.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from experiment_grid.training.python_state import PythonState, Unseen, generators
from experiment_grid.training.step_recorder import (
    Recorder,
    alias,
    difference,
    leaves,
    memory,
    operations,
    reads_noticed,
    same_bits,
)

CHECKS = 2  # of a recording; the second beside a step that nothing watches
FEW = 100  # batches of one size that are not worth a recording, which takes as long as some 30 steps

Answer = tuple[Tensor, Tensor]  # logits [B, K], loss


class Recording:
    """A step as a list of operations, on memory of its own; `tensors` are those that it may write and others read."""

    def __init__(self, inputs: Tensor, labels: Tensor, parameters: list[nn.Parameter], python: PythonState):
        self.python = python  # before the step
        self.inputs, self.labels = inputs.clone(), labels.clone()
        self.parameters = parameters
        self.last_inputs = inputs
        self.checks = 0
        self.replayed = False

    def finish(self, recorder: Recorder, answer: Answer, drew: bool) -> str:
        """Take what was recorded; says why that cannot be replayed, empty if it can."""
        gradients = [parameter.grad for parameter in self.parameters]
        if any(memory(tensor) not in recorder.made for tensor in (*answer, *gradients) if tensor is not None):
            return "a result is in memory that the step did not make"
        self.logits, self.loss = answer
        self.gradients = [alias(gradient) for gradient in gradients]
        self.calls = recorder.calls  # holds the memory
        self.operations = operations(recorder.calls)
        read = {memory(leaf) for call in recorder.calls for leaf in _tensors((call.args, call.kwargs))}
        weights = {memory(weight) for weight in self.parameters}
        outside = {
            memory(tensor): tensor.detach() for tensor in self.python.tensors if memory(tensor) in read - weights
        }
        writing = [call for call in recorder.calls if call.writes]
        outside |= {memory(leaf): leaf for call in writing for leaf in _tensors((call.args, call.kwargs))}
        own = recorder.made | {memory(self.inputs), memory(self.labels)}
        self.tensors = [whole(tensor) for place, tensor in outside.items() if place not in own]
        self.copies = [tensor.clone() for tensor in self.tensors]
        self.overwrites = memory(self.inputs) in outside
        self.draws = drew or recorder.random
        self.places, self.result_places = self._places(), self._result_places()
        return ""

    def _places(self) -> list[Any]:
        return [(parameter.data_ptr(), parameter.requires_grad) for parameter in self.parameters]

    def _result_places(self) -> list[Any]:
        results = [leaf for call in self.calls for leaf in _tensors(call.outs)]
        return [(leaf.data_ptr(), leaf.shape) for leaf in results]

    def stays(self) -> bool:
        """Whether a replay wrote where the recorded step wrote."""
        return self._result_places() == self.result_places

    def fits(self, inputs: Tensor) -> bool:
        """Whether inputs are laid out as they were."""
        mine = self.inputs
        return inputs.shape == mine.shape and inputs.stride() == mine.stride() and inputs.dtype == mine.dtype

    def valid(self) -> bool:
        """Whether the weights are still where they were, and trained."""
        return self._places() == self.places

    def save(self) -> None:
        """Keep what `restore` puts back."""
        if self.tensors:
            torch._foreach_copy_(self.copies, self.tensors)
        if self.draws:
            self.random = random_states()

    def restore(self) -> None:
        """Put back what `save` kept."""
        put_back(self.tensors, self.copies, self.random if self.draws else [])

    def replay(self, inputs: Tensor, labels: Tensor, keep: bool) -> Answer:
        """Logits and loss of a batch, its gradients in the parameters' `grad`; copies of them with `keep`.

        If an operation fails, all is as before.
        """
        self.save()
        try:
            with torch.no_grad(), torch._C._AutoDispatchBelowAutograd():
                if inputs is not self.inputs:
                    self.inputs.copy_(inputs)
                self.labels.copy_(labels)
                for operation in self.operations:
                    operation()
                answer = self.logits.clone(), self.loss.clone()
        except Exception:
            self.restore()
            raise
        for parameter, gradient in zip(self.parameters, self.gradients, strict=True):
            parameter.grad = gradient.clone() if keep and gradient is not None else gradient
        return answer

    def state(self, answer: Answer) -> list[Tensor | None]:
        """Copies of all that a step leaves."""
        gradients = [parameter.grad for parameter in self.parameters]
        left = [*answer, *gradients, *self.tensors, *random_states()]
        return [None if tensor is None else tensor.detach().clone() for tensor in left]


class Recorded:
    """Replaces `eager`, which is `step.gradients`, for the batches of a training.

    `roots` are the model and the loss, by what the log calls them; `counts` how many batches there are of each size.
    `keep`: the optimizer gets gradients in memory that no replay overwrites, as it must unless it is known not to keep
    them beyond its step. `say` is called with the reason why steps are eager from now on.
    """

    def __init__(
        self,
        eager: Callable[..., Answer],
        roots: Mapping[str, Any],
        parameters: list[nn.Parameter],
        counts: Mapping[int, int] | Counter[int],
        keep: bool,
        say: Callable[[str], None],
    ):
        self.eager, self.roots, self.parameters = eager, roots, parameters
        self.counts, self.keep, self.say = counts, keep, say
        self.recordings: dict[int, Any] = {}  # by the size of the batch: Recording, or Capture
        self.why = ""

    def begin_epoch(self) -> None:
        """What is recorded is checked once more. Every epoch seeds the generators of random numbers."""
        drawn = generators()
        for recording in self.recordings.values():
            if recording.python:
                recording.python.drawn = drawn
            recording.checks = min(recording.checks, CHECKS - 1)

    def place(self, size: int) -> Tensor | None:
        """Where the inputs of the next batch of this size may be written, to spare a copy; None: anywhere."""
        recording = self.recordings.get(size)
        return recording.inputs if recording and recording.checks == CHECKS and not recording.overwrites else None

    def __call__(self, model: Callable[..., Any], loss: Callable[..., Any], inputs: Tensor, labels: Tensor) -> Answer:
        """Logits [B, K] and loss of inputs [B, C, H, W] and labels [B]; the gradients are in the parameters' `grad`."""
        arguments = model, loss, inputs, labels
        if self.why or self.counts.get(len(inputs), 0) <= FEW:
            return self.eager(*arguments)
        if any(parameter.grad is not None for parameter in self.parameters):
            return self._give_up("its optimizer keeps gradients from one step to the next", arguments)
        recording: Recording | None = self.recordings.get(len(inputs))
        if recording is None:
            return self._record(arguments)
        if not recording.fits(inputs):
            return self._give_up("its inputs are not always of one form", arguments)
        if not recording.valid():
            return self._give_up("its optimizer puts the weights into other memory", arguments)
        if recording.checks < CHECKS:
            # An optimizer that computes one batch several times: a check needs another batch.
            return self.eager(*arguments) if recording.last_inputs is inputs else self._check(recording, arguments)
        recording.replayed = True
        try:
            return recording.replay(inputs, labels, self.keep)
        except Exception as error:
            return self._give_up(f"a replay fails ({type(error).__name__}: {error})", arguments)

    def _give_up(self, why: str, arguments: tuple[Any, ...]) -> Answer:
        self._stop(why)
        return self.eager(*arguments)

    def _stop(self, why: str) -> None:
        self.why = why
        self.recordings.clear()
        self.say(why)

    def _record(self, arguments: tuple[Any, ...]) -> Answer:
        """An eager step, watched."""
        try:
            python = PythonState(self.roots)
        except Unseen as error:
            return self._give_up(str(error), arguments)
        recording = Recording(arguments[2], arguments[3], self.parameters, python)
        random = torch.get_rng_state()
        answer, recorder = self._watched(recording, (*arguments[:2], recording.inputs, recording.labels), arguments)
        drew = not torch.equal(random, torch.get_rng_state())
        # Before any replay: a buffer that the step put in the place of another is in memory that a replay writes.
        if why := self._change(recording.python) or recorder.why or recording.finish(recorder, answer, drew):
            self._stop(why)
        else:
            self.recordings[len(recording.inputs)] = recording
        for parameter in self.parameters:
            if parameter.grad is not None and self.keep:
                parameter.grad = parameter.grad.clone()
        return answer[0].clone(), answer[1].clone()  # replays write into all memory of this step

    def _check(self, recording: Recording, arguments: tuple[Any, ...]) -> Answer:
        """Replay, restore, step eagerly, and compare the state. The last check uses an unrecorded eager step."""
        inputs, labels = arguments[2:]
        recording.last_inputs = inputs
        try:
            replayed = recording.state(recording.replay(inputs, labels, False))
        except Exception as error:
            why = f"a replay fails ({type(error).__name__}: {error})"
            return self._give_up(self._change(recording.python) or why, arguments)
        recording.restore()
        for parameter in self.parameters:
            parameter.grad = None
        recording.checks += 1
        why = "" if recording.stays() else "the size of a result changes"
        if recording.checks < CHECKS:
            watched = (*arguments[:2], inputs.clone(), labels.clone())  # laid out as those that were recorded
            answer, recorder = self._watched(recording, watched, arguments)
            why = why or recorder.why or difference(recording.calls, recorder.calls)
        else:
            answer = self.eager(*arguments)
        if not all(map(same_bits, replayed, recording.state(answer))):
            why = why or "a replay does not give the same bits"
        change = self._change(recording.python) if why or recording.checks == CHECKS else ""
        if change and recording.replayed:  # it was right until validation changed the model: the next is recorded anew
            del self.recordings[len(inputs)]
        elif change or why:
            self._stop(change or why)
        return answer

    def _change(self, python: PythonState) -> str:
        """What has changed in Python since a recording began."""
        try:
            return PythonState(self.roots).change(python)
        except Unseen as error:
            return str(error)

    def _watched(
        self, recording: Recording, watched: tuple[Any, ...], arguments: tuple[Any, ...]
    ) -> tuple[Answer, Recorder]:
        """An eager step with arguments of its own, and its recording. If it fails, it is done again, unwatched: the
        fault is the model's, or something in it cannot be watched."""
        recorder, tensors = Recorder(), recording.python.tensors
        copies, random = [tensor.detach().clone() for tensor in tensors], random_states()
        try:
            with reads_noticed(recorder), recorder:
                return self.eager(*watched), recorder
        except Exception as error:
            if self._change(recording.python):
                raise  # it cannot be done again
            put_back(tensors, copies, random)
            for parameter in self.parameters:
                parameter.grad = None
            recorder.refuse(f"it cannot be watched ({type(error).__name__}: {error})")
        return self.eager(*arguments), recorder


def random_states() -> list[Tensor]:
    """The state of torch's random numbers: of the CPU, and of the current GPU where one is in use."""
    return [torch.get_rng_state(), *([torch.cuda.get_rng_state()] if torch.cuda.is_initialized() else [])]


def put_back(tensors: list[Tensor], copies: list[Tensor], random: list[Tensor]) -> None:
    """Restore the content of tensors and, unless `random` is empty, the state of torch's random numbers."""
    with torch.no_grad():
        for tensor, copy in zip(tensors, copies, strict=True):
            tensor.copy_(copy)
    for state, put in zip(random, (torch.set_rng_state, torch.cuda.set_rng_state), strict=False):
        put(state)


def _tensors(nested: Any) -> list[Tensor]:
    return [leaf for leaf in leaves(nested) if isinstance(leaf, Tensor)]


def whole(tensor: Tensor) -> Tensor:
    """All of the memory that a tensor is in."""
    return torch.empty(0, dtype=tensor.dtype, device=tensor.device).set_(tensor.untyped_storage())
