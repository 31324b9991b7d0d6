"""The usual way: torchvision's MNIST with transforms for each image, a DataLoader, nn.Sequential, torch.optim.SGD."""

from bench.contestants import SHIFT, Job, clock, save
from bench.contestants.eager import model


def train(job: Job) -> float:
    """A loop as in the original report, which counts loss and hits at every batch."""
    import torch
    from torch import nn
    from torch.utils.data import DataLoader, random_split
    from torchvision import transforms
    from torchvision.datasets import MNIST

    device = torch.device(job.device)
    now = clock(device)
    torch.set_num_threads(1)
    torch.manual_seed(job.seed)
    steps = [transforms.RandomAffine(**SHIFT)] if job.augment else []
    steps += [transforms.ToTensor()] + ([transforms.Normalize((0.5,), (0.5,))] if job.normalize else [])
    images = MNIST(job.folder, train=True, transform=transforms.Compose(steps))
    training, _ = random_split(images, [job.n_train, len(images) - job.n_train])
    loader = DataLoader(training, batch_size=job.batch_size, shuffle=True)
    network = nn.Sequential(*model(job).children(), nn.LogSoftmax(dim=1)) if job.model == "mlp" else model(job)
    network = network.to(device)
    optimizer = torch.optim.SGD(network.parameters(), lr=job.learning_rate, momentum=job.momentum)
    criterion = nn.NLLLoss() if job.model == "mlp" else nn.CrossEntropyLoss()

    started = now()
    for _ in range(job.epochs):
        loss_sum = hits = 0.0  # unused here; such loops print them, at the cost of a read per batch
        for batch, labels in loader:
            batch, labels = batch.to(device), labels.to(device)
            optimizer.zero_grad()
            outputs = network(batch)
            loss = criterion(outputs, labels)
            loss.backward()
            optimizer.step()
            loss_sum += loss.item()
            hits += (outputs.argmax(dim=1) == labels).sum().item()
    seconds = now() - started
    if job.model == "mlp":
        save(job, [parameter.detach().cpu().numpy() for parameter in network.parameters()])
    return seconds
