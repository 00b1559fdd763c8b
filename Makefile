# Two commands: `make run` serves the shop, `make test` proves it. Both set up .venv on first use.
PYTHON ?= python3.11
HOST ?= 127.0.0.1
PORT ?= 7860
VENV := .venv
BIN := $(VENV)/bin
STAMP_RUN := $(VENV)/.run-installed
STAMP_DEV := $(VENV)/.dev-installed

export GRADIO_ANALYTICS_ENABLED := False
export HF_HUB_OFFLINE := 1
export HF_HUB_DISABLE_TELEMETRY := 1
export ANONYMIZED_TELEMETRY := False
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: run test demo lint eval bench clean

run: $(STAMP_RUN)
	@$(BIN)/shoptalk serve --host $(HOST) --port $(PORT)

demo: $(STAMP_RUN)
	@$(BIN)/shoptalk demo

test: $(STAMP_DEV) lint
	$(BIN)/python -m pytest

lint: $(STAMP_DEV)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

eval: $(STAMP_DEV)
	$(BIN)/shoptalk eval dialogues eval/scenarios --out runs/dialogues

bench: $(STAMP_RUN)
	$(BIN)/shoptalk bench

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

$(STAMP_RUN): pyproject.toml constraints.txt | $(BIN)/python
	$(BIN)/python -m pip install --quiet --no-compile --prefer-binary --constraint constraints.txt --editable .
	@touch $@

$(STAMP_DEV): $(STAMP_RUN)
	$(BIN)/python -m pip install --quiet --no-compile --prefer-binary --constraint constraints.txt --editable ".[dev,eval,hf,postgres,train]"
	@touch $@

clean:
	rm -rf $(VENV) build *.egg-info .mypy_cache .ruff_cache .pytest_cache
