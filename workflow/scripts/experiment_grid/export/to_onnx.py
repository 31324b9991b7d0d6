"""A cell's model for ONNX Runtime."""

from pathlib import Path

import onnx
import onnxscript  # noqa: F401 - torch.onnx needs it; without it here, the message says so
import torch

from experiment_grid.api.run import Epoch, Run


def export(run: Run, cell: str, to: str, seed: int | None = None, epoch: Epoch = "chosen") -> str:
    """Write the model with its scaling: `images` uint8 [N, C, H, W] → `logits` float32 [N, K], for any N."""
    model = run.model(cell, seed, epoch)
    images = torch.zeros(2, *model.shape, dtype=torch.uint8)
    model(images)  # what scaling keeps of its first call is made outside of the export
    torch.onnx.export(
        model,
        (images,),
        to,
        input_names=["images"],
        output_names=["logits"],
        dynamo=True,
        dynamic_shapes=({0: torch.export.Dim("N")},),
        external_data=False,
        verbose=False,
    )
    onnx.checker.check_model(to)
    return f"{to}: {Path(to).stat().st_size:,} bytes"
