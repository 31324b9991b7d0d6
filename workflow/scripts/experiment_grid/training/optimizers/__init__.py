"""Stand-ins for classes of torch.optim, found by name: the class is in a file of its name in lower case."""
