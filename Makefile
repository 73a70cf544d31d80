# Everything a developer or CI runs. `make help` lists it; each target sets itself up.
.DEFAULT_GOAL := help
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
UV := $(BIN)/uv
READY := $(VENV)/.ready
INFRA_READY := .venv-infra/.ready
IMAGE_PROCESSOR := $(BIN)/image-processor

##@ Everyday
.PHONY: help demo test check
help: ## list the targets
	@awk 'BEGIN {FS = ":.*## "} /^##@/ {printf "\n%s\n", substr($$0, 5)} /^[a-z-]+:.*## / {printf "  make %-20s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(READY) ## run the main job on the embedded stack [PHOTO=path]
	@$(IMAGE_PROCESSOR) demo $(if $(PHOTO),"$(PHOTO)")

test: $(READY) ## unit, integration and contract suites, each counted
	@$(BIN)/python -m tests.run unit integration contract

check: $(READY) ## format, lint, types, import rule, lock freshness
	@echo "== format, lint"; $(BIN)/ruff format --check . && $(BIN)/ruff check .
	@echo "== types"; $(BIN)/mypy
	@echo "== imports"; $(BIN)/lint-imports
	@echo "== locks"; $(BIN)/python -m tests.locks

##@ Hostile files
.PHONY: fuzz
fuzz: $(READY) ## throw 20,000 damaged files at the decoder [CASES=n SEED=n]
	@$(BIN)/python -m tests.fuzz $(if $(CASES),--cases $(CASES)) $(if $(SEED),--seed $(SEED))

##@ Engine
.PHONY: bench
bench: $(READY) ## ours against the deployed path, interleaved [QUICK=1] [REPS=n] [CASES="happy-1600 ..."]
	@PYTHONPATH=backend:. $(BIN)/python -m tests.benchmarks.run $(if $(QUICK),--quick) \
	  $(if $(REPS),--at-most=$(REPS)) $(CASES)

##@ Crashes
.PHONY: chaos
chaos: $(READY) ## kill workers at every step and count what was lost, doubled, stuck, leaked [KILLS=600 SEED=n]
	@PYTHONPATH=backend:. $(BIN)/python -m tests.chaos.run $(if $(KILLS),--kills $(KILLS)) $(if $(SEED),--seed $(SEED))

##@ The image
IN_INFRA := PYTHONPATH=backend:infra:. $(BIN)/python
.PHONY: image acceptance
image: $(READY) ## build the image [WEIGHTS=local: of .weights/] [VERSION=] [TAG=] [BASE=]
	@$(IN_INFRA) -m container $(if $(WEIGHTS),--weights $(WEIGHTS)) $(if $(VERSION),--version "$(VERSION)") \
	  $(if $(TAG),--tag "$(TAG)") $(if $(BASE),--base "$(BASE)")

acceptance: $(READY) ## build it with stand-ins of the weights and run it as Lambda does [ONLY=case]
	@$(IN_INFRA) -m tests.acceptance.run $(if $(ONLY),--only "$(ONLY)")

##@ Infrastructure
.PHONY: infra-test infra-apply-test
infra-test: $(READY) $(INFRA_READY) ## Terraform's rules, planted mistakes, workflows, scripts; no account
	@infra/scripts/infra-test.sh

infra-apply-test: $(READY) ## apply, release, drift, destroy on the AWS emulator (slow)
	@if command -v terraform > /dev/null; then $(BIN)/python -m tests.run infra_apply; \
	  else echo "infra-apply-test: skipped, no terraform"; fi

$(INFRA_READY): infra/tools/requirements.txt infra/tools/package-lock.json | $(READY)
	@echo "setting up .venv-infra"
	@test -x .venv-infra/bin/python || $(PYTHON) -m venv .venv-infra
	@$(UV) pip sync --quiet --require-hashes --python .venv-infra/bin/python infra/tools/requirements.txt
	@if command -v npm > /dev/null; then cp infra/tools/package*.json .venv-infra/ && \
	  npm ci --prefix .venv-infra --ignore-scripts --no-audit --no-fund --silent; fi
	@touch $@

##@ Set-up
.PHONY: setup requirements
setup: $(READY) ## make the virtual environment from the lock

requirements: $(READY) ## export requirements.txt and what the image's build needs from uv.lock
	@$(BIN)/python -m tests.locks --write

$(READY): pyproject.toml uv.lock
	@echo "setting up $(VENV) with $$($(PYTHON) --version)"
	@$(PYTHON) -c 'import sys; sys.exit(0 if (3, 11) <= sys.version_info[:2] <= (3, 13) else "Python 3.11, 3.12 or 3.13 is needed: make PYTHON=python3.12 ...")'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check 'uv>=0.9'
	@$(UV) sync --frozen --quiet
	@touch $@

##@ The judge
.PHONY: judge-eval judge-fit
judge-eval: $(READY) ## measure the judge on held-out scenes, and DIR's labelled photos [DIR=folder] [SCENES=2000]
	@PYTHONPATH=backend nice -n 5 $(BIN)/python -m training.judging.evaluate $(if $(DIR),"$(DIR)") \
	  $(if $(SCENES),--scenes $(SCENES)) $(if $(PROCESSES),--processes $(PROCESSES))

judge-fit: $(READY) ## fit the judge's coefficients on rendered scenes; OWN=1: those for the book model's own masks [SCENES=1000]
	@PYTHONPATH=backend nice -n 5 $(BIN)/python -m training.judging.fit $(if $(OWN),--own) \
	  $(if $(SCENES),--scenes $(SCENES)) $(if $(PROCESSES),--processes $(PROCESSES))

##@ The book model
TRAINING := PYTHONPATH=backend nice -n 19 .venv-train/bin/python -m training
.PHONY: train train-critic train-check curves ablate export evaluate ship
#: DEVICE=cuda trains on views of scenes that all other cores render; say how many: PROCESSES=14.
#: KEPT=6600 does so on a processor, with as many scenes; AGAIN=0.3 spares the critic's darkroom; STEADY=1 for small batches.
ON_DEVICE := $(if $(DEVICE),--device $(DEVICE) --batch $(or $(BATCH),128) --kept $(or $(KEPT),20000), \
  $(if $(KEPT),--kept $(KEPT) --batch $(or $(BATCH),32))) $(if $(AGAIN),--rephotographed $(AGAIN)) $(if $(STEADY),--steady)
#: RATE=0.0005 is gentler than the usual 0.001: for weights that are trained already.
RATED := $(if $(RATE),--rate $(RATE))
train: .venv-train/.ready ## train the book model, or go on [MINUTES=90] [FINISH=1] [SIDE=192] [WIDE=1] [DEVICE=cuda] [FROM=] [FOLDER=] [WITHOUT=]
	@$(TRAINING).train --minutes $(or $(MINUTES),90) --side $(or $(SIDE),192) $(if $(FINISH),--finish) \
	  $(if $(FROM),--from "$(FROM)") $(if $(FOLDER),--folder "$(FOLDER)") $(if $(WIDE),--wide) $(ON_DEVICE) $(RATED) \
	  $(if $(PROCESSES),--processes $(PROCESSES)) $(if $(WITHOUT),--without $(WITHOUT))

train-critic: .venv-train/.ready ## train the judge's critic, likewise [MINUTES=45] [FINISH=1] [SIDE=192] [DEVICE=cuda] [FROM=book-v0]
	@$(TRAINING).train --critic --minutes $(or $(MINUTES),45) --side $(or $(SIDE),192) $(if $(FINISH),--finish) \
	  --seed $(or $(SEED),770001) $(RATED) --from "$(or $(FROM),backend/training/weights/book-v0.onnx)" \
	  --folder "$(or $(FOLDER),$(HOME)/.cache/bluemoxon-image-processor/critic)" $(ON_DEVICE) \
	  $(if $(PROCESSES),--processes $(PROCESSES))

train-check: .venv-train/.ready ## test network, views, checkpoints and export, which need torch
	@PYTHONPATH=backend:. .venv-train/bin/python -m pytest -q --noconftest -o filterwarnings=default tests/unit/test_training_torch.py tests/unit/test_training_views.py

curves: $(READY) ## draw the training's curves into out/curves.png [FOLDER=]
	@PYTHONPATH=backend $(BIN)/python -m training.curves $(if $(FOLDER),--folder "$(FOLDER)")

ablate: .venv-train/.ready ## short runs that lack an ingredient each: what it is worth [STEPS=600]
	@$(TRAINING).ablate $(if $(STEPS),--steps $(STEPS))

export: .venv-train/.ready ## write the trained model as ONNX, parity checked [CHECKPOINT=] [AVERAGED=] [ONNX=] [BESIDE=]
	@$(TRAINING).export $(if $(CHECKPOINT),--checkpoint "$(CHECKPOINT)") $(if $(ONNX),--out "$(ONNX)") \
	  $(if $(AVERAGED),--averaged "$(AVERAGED)") $(if $(BESIDE),--beside "$(BESIDE)")

evaluate: $(READY) ## measure the book model on labelled photographs: DIR=folder [WEIGHTS=x.onnx] [RENDERED=60]
	@PYTHONPATH=backend $(BIN)/python -m training.evaluate $(if $(DIR),"$(DIR)") \
	  $(if $(WEIGHTS),--weights "$(WEIGHTS)") $(if $(RENDERED),--rendered $(RENDERED))

ship: $(READY) ## put an exported model into the product: ONNX=file [NAME=book-v2]
	@PYTHONPATH=backend $(BIN)/python -m training.ship "$(ONNX)" $(if $(NAME),--name "$(NAME)")

.venv-train/.ready: backend/training/requirements.txt
	@echo "setting up .venv-train"
	@test -x .venv-train/bin/python || $(PYTHON) -m venv .venv-train
	@.venv-train/bin/python -m pip install --quiet --disable-pip-version-check -r $<
	@touch $@
