"""What the configuration and the training of a schedule agree on; nothing here imports torch."""

EACH_STEP = ("OneCycleLR", "CyclicLR")  # classes of torch that are made to change the rate after every batch
FILLED_IN = ("T_max", "total_steps", "max_lr")  # parameters that training gives where the config doesn't
