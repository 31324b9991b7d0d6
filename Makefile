# The commands of this project; `make` alone lists them. Needs Python >= 3.11 (with venv and pip) and make.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

PYTHON ?= python3
CORES ?= 4
GPUS ?= 1
TORCH ?=
VENV := .venv
ifneq ($(words $(VENV)),1)
$(error VENV: make and Snakemake need a path without spaces; given: $(VENV))
endif
BIN := $(VENV)/bin
UV := $(BIN)/uv
# The value given as $(1)=…, quoted as one word for the shell.
given = '$(subst ','\'',$(value $(1)))'
SNAKEMAKE = $(BIN)/snakemake --cores $(call given,CORES) --resources gpu=$(call given,GPUS)

# Another configuration on top of config/config.yaml, e.g. make run CONFIG=config/mine.yaml
CONFIG ?=
OVERLAY = $(if $(value CONFIG),--configfile $(call given,CONFIG))

# For `make cell` and `make clean`, whose rules read them from the environment. Make must not export them: it would expand
# them first.
NAME ?=
YES ?=
unexport CONFIG CORES GPUS NAME PYTHON YES

# Snakemake keeps a cache below HOME, and ends with a traceback if it cannot write there.
export XDG_CACHE_HOME ?= $(shell mkdir -p "$${HOME:-/dev/null}/.cache" 2> /dev/null && test -w "$$HOME/.cache" || echo "$$PWD/.snakemake/cache")

define SETTINGS

Settings of every command that concerns a run:
  CONFIG=config/demo.yaml   another configuration on top of config/config.yaml
  CORES=4 GPUS=1            how many cores and GPUs a run may use
  PROGRESS=lines            lines instead of the live view; or live, snakemake
  PYTHON=python3.12         the Python that .venv is created with
  TORCH=cpu                 when .venv is created: PyTorch without CUDA, 4 GB less
endef
export SETTINGS

.PHONY: help
help: ## list the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@echo "$$SETTINGS"

.PHONY: demo
demo: override CONFIG := config/demo.yaml
demo: check ## run the whole workflow on scikit-learn's digits, without a download; writes results/demo/report.html
	$(SNAKEMAKE) $(OVERLAY)

.PHONY: example
example: demo setup-dev ## regenerate the example page that the README shows, with its pictures
	cp results/demo/report.html docs/example-report.html
	$(BIN)/python docs/images/take.py docs/example-report.html

.PHONY: run
run: check ## run the whole workflow on MNIST; writes results/report.html
	$(SNAKEMAKE) $(OVERLAY)

.PHONY: report-partial
report-partial: check ## render the page of the finished cells, without running the others
	$(SNAKEMAKE) $(OVERLAY) --config partial=True

.PHONY: why
why: check ## list what would run now, and why; runs nothing
	@$(SNAKEMAKE) $(OVERLAY) --quiet all -- why

.PHONY: cell
cell: check ## train and evaluate one cell: make cell NAME=batch-128
	NAME=$(call given,NAME) $(SNAKEMAKE) $(OVERLAY) -- cell

.PHONY: dag
dag: check ## draw the DAG, by rule and by cell: results/dag/*.svg
	@$(SNAKEMAKE) $(OVERLAY) --quiet all -- dag

.PHONY: open
open: check ## open the page in the browser
	@$(SNAKEMAKE) $(OVERLAY) --quiet all -- open

.PHONY: stale
stale: check ## list the results of cells that are no longer configured
	@$(SNAKEMAKE) $(OVERLAY) --quiet all -- stale

.PHONY: prune
prune: check ## remove the results of cells that are no longer configured, without asking
	@$(SNAKEMAKE) $(OVERLAY) --quiet all -- prune

.PHONY: clean
clean: check ## remove results, after asking; downloads stay
	@YES=$(call given,YES) $(SNAKEMAKE) $(OVERLAY) --quiet all -- clean

.PHONY: test
test: setup-dev ## run the tests
	$(BIN)/python -m pytest -n 2 --dist worksteal -m "not slow" tests

.PHONY: test-slow
test-slow: SLOW = slow
test-slow: setup-dev ## run the slow tests: a Slurm cluster, killed runs, documents followed step by step
	$(BIN)/python -m pytest -n 2 --dist worksteal -m "$(SLOW)" tests

.PHONY: bench
bench: setup-bench ## measure training beside the alternatives, and print the ratios
	$(BIN)/python -m bench

# These two need a GPU, and take less than five minutes together.
.PHONY: test-gpu
test-gpu: setup-dev ## run the tests that need a GPU; without one they are skipped
	$(BIN)/python -m pytest -m gpu tests

.PHONY: bench-gpu
bench-gpu: setup-bench ## measure training on a GPU beside the usual loops on the same GPU
	$(BIN)/python -m bench gpu --epochs 5 --rounds 2

.PHONY: lint
lint: setup-dev ## ruff, mypy, snakefmt, snakemake --lint, codespell, mdformat, hadolint
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/snakefmt --check Snakefile workflow
	$(BIN)/snakemake --lint
	$(BIN)/codespell
	$(BIN)/mdformat --check *.md docs
	$(BIN)/hadolint Dockerfile

.PHONY: format
format: setup-dev ## rewrite sources and documents in the project's layout
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/snakefmt Snakefile workflow
	$(BIN)/mdformat *.md docs

.PHONY: schemas
schemas: setup ## regenerate the schemas and config/README.md from the config's keys
	$(BIN)/python -m experiment_grid.config.describe

# Snakemake reads CONFIG first, and reports what it cannot read with a traceback.
.PHONY: check
check: setup
	@$(if $(value CONFIG),$(BIN)/python workflow/scripts/check.py $(call given,CONFIG))

# Set-up: a stamp for each set of packages, renewed when its lock file changes. Whether Snakemake can work in these
# paths is checked each time: a project may have been moved.
.PHONY: setup setup-dev setup-bench setup-export places
setup: places $(VENV)/.package ## create .venv with the packages of a run
setup-dev: $(VENV)/.dev
setup-bench: $(VENV)/.bench
setup-export: $(VENV)/.export ## add the packages for exports to MLflow, TensorBoard and ONNX

# TORCH is uv's --torch-backend: the build without CUDA comes from PyTorch's own index, without the packages of CUDA.
PACKAGES = $(if $(value TORCH),grep -vE '^(nvidia-|cuda-|triton)' requirements.txt,cat requirements.txt)
BACKEND = $(if $(value TORCH),--torch-backend $(call given,TORCH))
TAKES = $(if $(value TORCH),the PyTorch of TORCH and the packages beside it (about 2 GB for cpu),about 6 GB, most of it PyTorch with its CUDA libraries; without them: make setup TORCH=cpu)

places:
	@$(if $(wildcard $(BIN)/python),PYTHONPATH=workflow/scripts $(BIN)/python -m experiment_grid.runtime.package $(VENV))

$(UV):
	@$(call given,PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else f"make: Python is {sys.version.split()[0]}, needed is 3.11 or later: make PYTHON=...")'
	@echo "Setting up $(VENV), once: $(TAKES). Free here: $$(df -Ph . | awk 'END {print $$4}')"
	@PYTHONPATH=workflow/scripts $(call given,PYTHON) -m experiment_grid.runtime.package $(VENV)
	@$(call given,PYTHON) -m venv $(VENV)
	@$(BIN)/pip install --quiet --disable-pip-version-check uv

# Two of the lines write the bytecode once, even if the shell forbids Python to write any (as in many containers):
# without it every job would compile what it imports again (torch's sources in 2 s, fontTools' in half a second).
$(VENV)/.workflow: requirements.txt | $(UV)
	@$(PACKAGES) | $(UV) pip install --quiet --python $(BIN)/python $(BACKEND) -r -
	@env -u PYTHONDONTWRITEBYTECODE $(BIN)/python -c 'import snakemake.cli, torch, sklearn.metrics, statsmodels.stats.api, pandas, matplotlib.backends.backend_pdf, jinja2, rocrate.rocrate'
	@env -u PYTHONDONTWRITEBYTECODE $(BIN)/snakemake --help > /dev/null
	@touch $@

# The project's own package, editable: an edit needs no new set-up. Built offline, by the setuptools that torch brings.
$(VENV)/.package: pyproject.toml $(VENV)/.workflow
	@$(UV) pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.dev: requirements-dev.txt $(VENV)/.package
	@$(UV) pip install --quiet --python $(BIN)/python -r requirements-dev.txt
	@touch $@

$(VENV)/.bench: requirements-bench.txt $(VENV)/.package
	@$(UV) pip install --quiet --python $(BIN)/python -r requirements-bench.txt
	@touch $@

$(VENV)/.export: requirements-export.txt $(VENV)/.package
	@$(UV) pip install --quiet --python $(BIN)/python -r requirements-export.txt
	@touch $@

.PHONY: lock
lock: $(UV) ## resolve the pins of pyproject.toml into the requirements files
	$(UV) pip compile --quiet --universal --no-header --no-emit-index-url pyproject.toml -o requirements.txt
	$(UV) pip compile --quiet --universal --no-header --no-emit-index-url -c requirements.txt --group dev -o requirements-dev.txt
	$(UV) pip compile --quiet --universal --no-header --no-emit-index-url -c requirements.txt --group bench -o requirements-bench.txt
	$(UV) pip compile --quiet --universal --no-header --no-emit-index-url -c requirements.txt --all-extras --group pyproject.toml:export pyproject.toml -o requirements-export.txt
