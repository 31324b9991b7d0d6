"""What a user's components raise while they are imported, made or called: one line with cell, key, target and place."""

import pytest
from users_components import NET, refused, trained, write


def test_a_file_that_raises_while_it_is_imported(models):
    write(models, "def helper():\n    raise ValueError('no data\\nhere')\n\nhelper()\n")
    place = "models/net.py:7 in <module>, models/net.py:5 in helper"
    assert refused(model="models/net.py:Net") == (
        f"cell lenet: model: models/net.py:Net: ValueError: no data here ({place})"
    )
    write(models, "import no_such_module\n")
    assert "ModuleNotFoundError: No module named 'no_such_module' (models/net.py:4 in <module>)" in refused(
        model="models/net.py:Net"
    )
    write(models, "class Net(:\n")
    assert "SyntaxError: invalid syntax (net.py, line 4) (models/net.py:4)" in refused(model="models/net.py:Net")


def test_an_exception_in_forward_shows_the_users_lines_alone(models):
    write(models, NET.replace("nn.Linear(30, width)", "nn.Linear(31, width)"))
    assert refused(model="models/net.py:Net") == (
        "cell lenet: model: models/net.py:Net: RuntimeError: addmm: mat1 and mat2 shapes cannot be multiplied "
        "(32x30 and 31x8) (models/net.py:11 in forward)"
    )


def test_an_exception_in_validation_too(models):
    write(models, NET.replace("return self", "assert self.training, 'only in training'; return self"))
    assert refused(model="models/net.py:Net").endswith("AssertionError: only in training (models/net.py:11 in forward)")


def test_code_that_ends_the_program(models):
    """While it is imported or made."""
    write(models, "import sys\n\nsys.exit('no data')\n")
    start = "cell lenet: model: models/net.py:Net: calls sys.exit"
    assert refused(model="models/net.py:Net") == f"{start}(no data) (models/net.py:6 in <module>)"
    write(models, "import sys\n" + NET.replace("super().__init__()", "super().__init__(); sys.exit(3)"))
    assert refused(model="models/net.py:Net") == f"{start}(3) (models/net.py:8 in __init__)"


def test_a_forward_that_ends_the_program(models):
    write(models, "import sys\n" + NET.replace("return self", "sys.exit(); return self"))
    assert refused(model="models/net.py:Net").endswith(
        "model: models/net.py:Net: calls sys.exit() (models/net.py:12 in forward)"
    )


def test_an_optimizer_that_ends_the_program(models):
    write(models, "class Quit(torch.optim.SGD):\n    def step(self, closure): raise SystemExit(1)\n")
    assert "optimizer: models/net.py:Quit: calls sys.exit(1) (models/net.py:5" in refused(
        optimizer="models/net.py:Quit"
    )


def test_ctrl_c_is_not_caught(models):
    write(models, NET.replace("return self", "raise KeyboardInterrupt; return self"))
    with pytest.raises(KeyboardInterrupt):
        trained(model="models/net.py:Net")


@pytest.mark.parametrize("base", ["BaseException", "GeneratorExit"])
def test_an_exception_that_is_not_derived_from_exception_is_one_line(models, base):
    write(models, f"class Odd({base}): pass\n" + NET.replace("return self", "raise Odd('no'); return self"))
    assert "model: models/net.py:Net: Odd: no (models/net.py:12 in forward)" in refused(model="models/net.py:Net")


def test_a_recursion_names_its_line_once(models):
    write(models, NET.replace("return self.layers(images)", "return self.forward(images)"))
    assert refused(model="models/net.py:Net").count("models/net.py:11 in forward") == 1


@pytest.mark.parametrize(
    "error",
    [
        "MemoryError()",
        "torch.OutOfMemoryError('CUDA out of memory. Tried to allocate 20.00 GiB')",
        'RuntimeError("[enforce fail] DefaultCPUAllocator: can\'t allocate memory: you tried to allocate 9 bytes")',
    ],
)
def test_out_of_memory(models, error):
    write(models, NET.replace("return self.layers(images)", f"raise {error}"))
    assert refused(model="models/net.py:Net") == (
        "cell lenet: model: models/net.py:Net: out of memory; a smaller batch_size or a smaller model takes less "
        "(models/net.py:11 in forward)"
    )


def test_more_memory_than_the_machine_has(models):
    write(models, NET.replace("return self", "torch.empty(2**60); return self"))
    assert ": out of memory; " in refused(model="models/net.py:Net")
