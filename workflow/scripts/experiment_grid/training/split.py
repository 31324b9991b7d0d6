"""How many images train and how many validate."""


def split_sizes(images: int, train_fraction: float) -> tuple[int, int]:
    """Numbers of training and validation images out of `images`: rounded, as 0.7 * 60,000 is not quite 42,000."""
    training = round(images * train_fraction)
    return training, images - training
