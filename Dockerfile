# The workflow with everything it needs. Build it, then run the demo or MNIST, with results and downloads in ./results:
#   docker build -t experiment-grid .
#   docker run --rm -it --user "$(id -u):$(id -g)" -v "$PWD/results:/experiment/results" experiment-grid 4 --configfile config/demo.yaml
#   docker run --rm -it --user "$(id -u):$(id -g)" -v "$PWD/results:/experiment/results" experiment-grid
# MNIST from a mirror: -e MNIST_MIRROR=https://...; from a folder: -v /my/mnist:/mnist:ro -e MNIST_MIRROR=file:///mnist
# Linted; its steps were built on a stand-in for the base image only: docs/machines.md.
# With GPUs: docker run --gpus all ...; as Apptainer image: apptainer build grid.sif docker-daemon://experiment-grid:latest
FROM python:3.12-slim-bookworm

COPY requirements.txt /tmp/requirements.txt
RUN pip install --no-cache-dir -r /tmp/requirements.txt

WORKDIR /experiment
COPY Snakefile pyproject.toml README.md ./
COPY config config
COPY models models
COPY profiles profiles
COPY workflow workflow
RUN pip install --no-cache-dir --no-deps --no-build-isolation -e .

# Snakemake and Matplotlib write below HOME; any user may run this image.
ENV HOME=/tmp
RUN chmod 777 /experiment

ENTRYPOINT ["snakemake", "--resources", "gpu=1", "--cores"]
CMD ["4"]
