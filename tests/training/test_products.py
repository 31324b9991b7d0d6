"""Products by NumPy and by PyTorch, of one network and of several."""

import pytest
import torch

from training.products import affine, multiply


@pytest.fixture
def generator():
    return torch.Generator().manual_seed(3)


def carry_out(operations):
    for operation in operations:
        operation()


@pytest.mark.parametrize("count", [1, 3])
@pytest.mark.parametrize("plus", [None, (5, 1), (5, 4)], ids=str)
@pytest.mark.parametrize("turned", [False, True])
def test_products_of_what_the_tensors_hold(count, plus, turned, generator):
    """Twice: what the place held before is not seen, what the factors hold by then is."""
    left = torch.empty(count, 7, 5).mT if turned else torch.empty(count, 5, 7)
    right = torch.empty(count, 4, 7).mT if turned else torch.empty(count, 7, 4)
    added = None if plus is None else torch.empty(count, *plus)
    out = torch.full((count, 5, 4), torch.nan)
    operations = multiply(left, right, out, added)
    for _ in range(2):
        for tensor in (left, right, *([] if added is None else [added])):
            tensor.uniform_(generator=generator)
        carry_out(operations)
        torch.testing.assert_close(out, left @ right + (0 if added is None else added))
        out.fill_(torch.inf)


def test_into_a_part_of_a_larger_tensor(generator):
    """As gradients are, of which each layer's has its place among all."""
    numbers = torch.zeros(1, 20)
    left, right = torch.rand(1, 2, 6, generator=generator), torch.rand(1, 6, 3, generator=generator)
    carry_out(multiply(left, right, numbers[:, 5:11].unflatten(-1, (2, 3))))
    torch.testing.assert_close(numbers[0, 5:11].view(2, 3), left[0] @ right[0])
    assert not numbers[0, :5].any()
    assert not numbers[0, 11:].any()


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
