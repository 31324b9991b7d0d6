"""Products by NumPy and by PyTorch, of one network and of several."""

import pytest
import torch

from experiment_grid.training.products import affine, multiply


@pytest.fixture
def generator():
    return torch.Generator().manual_seed(3)


def carry_out(operations):
    for operation in operations:
        operation()


@pytest.mark.parametrize("count", [1, 3])
@pytest.mark.parametrize("images", [1, 4])
@pytest.mark.parametrize("plus", [False, True])
@pytest.mark.parametrize("inner", [1, 7])
@pytest.mark.parametrize("turned", [False, True])
def test_products_of_what_the_tensors_hold(count, images, plus, inner, turned, generator):
    """Twice: what the place held before is not seen, what the factors hold by then is."""
    left = torch.empty(count, inner, 5).mT if turned else torch.empty(count, 5, inner)
    right = torch.empty(count, images, inner).mT if turned else torch.empty(count, inner, images)
    added = torch.empty(count, 5, 1) if plus else None
    out = torch.full((count, 5, images), torch.nan)
    operations = multiply(left, right, out, added)
    for _ in range(2):
        for tensor in (left, right, *([] if added is None else [added])):
            tensor.uniform_(generator=generator)
        carry_out(operations)
        torch.testing.assert_close(out, left @ right + (0 if added is None else added))
        out.fill_(torch.inf)


@pytest.mark.parametrize("count", [1, 3])
@pytest.mark.parametrize("columns", [1, 3])
def test_into_a_part_of_a_larger_tensor(count, columns, generator):
    """As gradients are, of which each layer's has its place among all."""
    numbers = torch.zeros(count, 20)
    end = 5 + 2 * columns
    numbers[:, 5:end] = torch.nan
    left, right = torch.rand(count, 2, 6, generator=generator), torch.rand(count, 6, columns, generator=generator)
    carry_out(multiply(left, right, numbers[:, 5:end].unflatten(-1, (2, columns))))
    torch.testing.assert_close(numbers[:, 5:end].view(count, 2, columns), left @ right)
    assert not numbers[:, :5].any()
    assert not numbers[:, end:].any()


@pytest.mark.parametrize("count", [1, 2])
def test_a_layer_with_and_without_autograd(count, generator):
    weight, inputs, bias = (torch.rand(count, *shape, generator=generator) for shape in ((3, 6), (6, 5), (3, 1)))
    wanted = weight @ inputs + bias
    with torch.inference_mode():
        torch.testing.assert_close(affine(weight, inputs, bias), wanted)
    leaf = inputs.clone().requires_grad_()
    found = affine(weight, leaf, bias)
    torch.testing.assert_close(found.detach(), wanted)
    (gradient,) = torch.autograd.grad(found.sum(), leaf)
    torch.testing.assert_close(gradient, weight.sum(1).unsqueeze(-1).expand_as(inputs))
