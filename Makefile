VENV ?= .venv
PYTHON ?= python3
BIN := $(VENV)/bin
# The GPU build of vLLM where a GPU answers, the CPU build otherwise.
BUILD ?= $(shell nvidia-smi >/dev/null 2>&1 && echo gpu || echo cpu)
# The CPU torch comes from pip's own find-links where it has them, from PyTorch's index otherwise.
FIND_LINKS = $(shell $(BIN)/python -m pip config list 2>/dev/null | sed -n "s/.*find-links='\(.*\)'/\1/p" | head -n 1)
INSTALL = UV_FIND_LINKS="$(FIND_LINKS)" $(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python \
	$(if $(filter cpu,$(BUILD)),--overrides constraints/overrides.txt $(if $(FIND_LINKS),,--torch-backend cpu),--torch-backend auto) \
	--constraints constraints/$(BUILD).txt
# Two workers: more would start more engines than there is memory for.
PYTEST = $(BIN)/python -m pytest -n 2 --dist loadfile

.DEFAULT_GOAL := help
.PHONY: help demo test test-all lint format docs words screenshots constraints bench clean

help: ## Show this help
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 20

$(BIN)/uv:
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet uv

$(VENV)/installed-$(BUILD): pyproject.toml constraints/$(BUILD).txt constraints/overrides.txt | $(BIN)/uv
	@echo "Installing auditor with the $(BUILD) build of vLLM into $(VENV) ..."
	$(INSTALL) -e '.[$(BUILD)]'
	@touch $@

$(VENV)/installed-$(BUILD)-dev: $(VENV)/installed-$(BUILD)
	@echo "Installing the tools of development ..."
	$(INSTALL) -e '.[$(BUILD),dev]'
	@touch $@

demo: $(VENV)/installed-$(BUILD) ## Set up and audit three versions of a tiny model
	$(BIN)/auditor demo

test: $(VENV)/installed-$(BUILD)-dev ## Set up and run the tests, real vLLM included
	$(PYTEST) -m "not slow"

test-all: $(VENV)/installed-$(BUILD)-dev ## Run all tests, the slow ones too
	$(PYTEST)

lint: $(VENV)/installed-$(BUILD)-dev ## Check style, types, layers, docstrings and spelling
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/interrogate --quiet auditor
	$(BIN)/typos
	PATH="$(abspath $(BIN)):$$PATH" $(BIN)/cog --check README.md docs/*.md docs/reference/*.md

format: $(VENV)/installed-$(BUILD)-dev ## Format the code
	$(BIN)/ruff check --fix --quiet . || true
	$(BIN)/ruff format .

docs: $(VENV)/installed-$(BUILD)-dev ## Write the generated parts of README and reference again
	PATH="$(abspath $(BIN)):$$PATH" $(BIN)/cog -r README.md docs/*.md docs/reference/*.md

words: $(VENV)/installed-$(BUILD)-dev ## Gather the words of the report again, for those who translate them
	$(BIN)/python docs/words.py > reports/locale/report.pot

screenshots: $(VENV)/installed-$(BUILD)-dev ## Take the pictures of README and docs again, from the kept runs
	$(BIN)/auditor report demo@1.0 demo@1.1 demo@1.2 --store tests/old_runs/0.2.0 \
		--policy demo/policy.yaml -o build/demo.html
	$(BIN)/python docs/images/screenshots.py build/demo.html

constraints: $(BIN)/uv ## Resolve the pinned versions again
	UV_FIND_LINKS="$(FIND_LINKS)" $(BIN)/uv pip compile --quiet --upgrade pyproject.toml --extra cpu --extra dev \
		--overrides constraints/overrides.txt $(if $(FIND_LINKS),,--torch-backend cpu) --python-version 3.11 \
		--no-emit-index-url --no-emit-find-links --no-annotate --no-header -o constraints/cpu.txt
	env -u UV_FIND_LINKS $(BIN)/uv pip compile --quiet --upgrade pyproject.toml --extra gpu --extra dev --python-version 3.11 \
		--no-emit-index-url --no-emit-find-links --no-annotate --no-header -o constraints/gpu.txt

bench: $(VENV)/installed-$(BUILD)-dev ## Print the benchmarks' ratios
	for file in benchmarks/*.py; do $(BIN)/python $$file || exit 1; done


clean: ## Remove the environment and all caches
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
