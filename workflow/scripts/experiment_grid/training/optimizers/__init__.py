"""Stand-ins for classes of torch.optim, found by name: the class is in a file of its name in lower case."""


def module_of(target: str) -> str | None:
    """The module in which a class of torch.optim would have its stand-in; None for any other target."""
    package, _, name = target.rpartition(".")
    return f"{__name__}.{name.lower()}" if package == "torch.optim" else None
