"""Scale images for the network, and predict many images in batches."""

from collections.abc import Callable, Mapping, Sequence
from functools import cache

import torch
from torch import Tensor

CHUNK = 500  # images per forward pass where nothing is learnt: few calls, and the activations stay in a cache
GPU_PIXELS = 2**22  # the same on a GPU, where it may be more images: 5,000 of MNIST
# Whether pixels are -1 to 1, or the `mean` and `std` of each channel by which they are shifted and scaled.
Normalize = bool | Mapping[str, Sequence[float]]
CHANNELS = "channels"  # what the config says for the latter


def scaling(normalize: bool | str, channels: Mapping[str, Sequence[float]]) -> Normalize:
    """What the value of the key `normalize` means for images whose channels have this mean and std."""
    return channels if normalize == CHANNELS else bool(normalize)


def input_shape(images: Tensor) -> tuple[int, int, int]:
    """(C, H, W) of images [N, H, W] or [N, C, H, W]."""
    *planes, height, width = images.shape[1:]
    return (planes[0] if planes else 1), height, width


def take(images: Tensor, indices: Tensor) -> Tensor:
    """images[indices] for images [N, …] and indices [B]; as rows of bytes, which takes a quarter of the time."""
    return torch.index_select(images.flatten(1), 0, indices).view(-1, *images.shape[1:])


def inputs_of(images: Tensor, normalize: Normalize, place: Tensor | None = None) -> Tensor:
    """Images uint8 [B, H, W] or [B, C, H, W] as floats [B, C, H, W]: 0 to 1, or with `normalize` -1 to 1, which is
    (x - 0.5) / 0.5, or (x - mean) / std of each channel. Computed as shift + scale · pixels for any, so that
    normalizing costs no time.

    Written into `place`, if it is given, which has that shape.
    """
    pixels = images.float() if place is None else place.view_as(images).copy_(images)
    if isinstance(normalize, Mapping):
        scale, shift = _by_channel(tuple(normalize["mean"]), tuple(normalize["std"]), images.device)
        torch.addcmul(shift, pixels, scale, out=pixels)
    else:
        factor, least = (2 / 255, -1.0) if normalize else (1 / 255, 0.0)
        torch.add(_scalar(least, images.device), pixels, alpha=factor, out=pixels)
    if place is not None:
        return place
    return pixels if images.dim() == 4 else pixels.unsqueeze(1)


@cache
def _scalar(value: float, device: torch.device) -> Tensor:
    """A number on a device: put there once, not at every step."""
    return torch.tensor(value, device=device)


@cache
def _by_channel(mean: tuple[float, ...], std: tuple[float, ...], device: torch.device) -> tuple[Tensor, Tensor]:
    """Scale and shift [C, 1, 1] of pixels 0 to 255."""
    means, stds = (torch.tensor(values, dtype=torch.float64)[:, None, None] for values in (mean, std))
    return (1 / (255 * stds)).float().to(device), (-means / stds).float().to(device)


@torch.no_grad()  # not inference_mode: tensors that a module keeps of a pass could not be used in training
def predict(model: Callable[[Tensor], Tensor], images: Tensor, normalize: Normalize) -> Tensor:
    """Logits [N, K], float32, of images uint8 [N, …]. The caller sets the model's mode (train, eval)."""
    size = CHUNK if images.device.type == "cpu" else max(CHUNK, GPU_PIXELS // images[0].numel())
    return torch.cat([model(inputs_of(chunk, normalize)).float() for chunk in images.split(size)])
