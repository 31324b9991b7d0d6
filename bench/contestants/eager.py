"""The usual loop without a loader: images in memory, nn.Sequential, torch.optim.SGD with its fused kernel."""

from bench.contestants import Job, clock, save, training_arrays


def train(job: Job) -> float:
    """Shuffled batches by index; loss and hits are counted on tensors and read once an epoch."""
    import torch
    from torch import nn

    torch.set_num_threads(1)
    torch.set_flush_denormal(True)  # as this project does
    torch.manual_seed(job.seed)
    device = torch.device(job.device)
    now = clock(device)
    images, labels = (torch.from_numpy(array).to(device) for array in training_arrays(job))
    images, labels = images.view(-1, 1, 28, 28), labels.long()
    network = model(job).to(device)
    optimizer = torch.optim.SGD(network.parameters(), lr=job.learning_rate, momentum=job.momentum, fused=True)
    criterion = nn.CrossEntropyLoss()

    started = now()
    for _ in range(job.epochs):
        loss_sum, hits = torch.zeros((), device=device), torch.zeros((), dtype=torch.long, device=device)
        for batch in torch.randperm(len(images)).to(device).split(job.batch_size):
            inputs, truth = images[batch], labels[batch]
            optimizer.zero_grad()
            outputs = network(inputs)
            loss = criterion(outputs, truth)
            loss.backward()
            optimizer.step()
            with torch.no_grad():
                loss_sum += loss * len(batch)
                hits += (outputs.argmax(dim=1) == truth).sum()
        loss_sum.item(), hits.item()
    seconds = now() - started
    if job.model == "mlp":
        save(job, [parameter.detach().cpu().numpy() for parameter in network.parameters()])
    return seconds


def model(job: Job):
    """The job's network."""
    from torch import nn

    if job.model == "lenet":
        from models.lenet import LeNet

        return LeNet((1, 28, 28), 10)
    layers = [nn.Flatten()]
    for inputs, outputs in zip(job.widths[:-1], job.widths[1:], strict=True):
        layers += [nn.Linear(inputs, outputs), nn.ReLU()]
    return nn.Sequential(*layers[:-1])
