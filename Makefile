# The only door. `make demo` and `make test` set everything up by themselves.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready
# A file for each process; tests/conftest.py has how many, and the order, the longest files first.
TESTS  := $(BIN)/python -m pytest -n auto --dist loadfile --no-loadscope-reorder
CODE   := clients daemon hwsim tests bench tools
# A daemon that finds its modules compiled starts in half the time.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help demo run test check format gen bench powercut upgradecuts printjobs fuzz bundle clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(READY): pyproject.toml tools/setup.sh
	@PYTHON="$(PYTHON)" VENV="$(VENV)" tools/setup.sh
	@touch $@

demo: $(READY) ## Run a whole till on simulated hardware: sell, pull the plug, sell on; ends by itself
	@$(BIN)/python tools/demo.py

run: $(READY) ## Leave a simulated shop running, and say how to talk to it
	@$(BIN)/python tools/run.py

test: $(READY) ## Run the tests
	$(TESTS)

check: $(READY) ## Format, lint, types, layers, contract, generated code, tests
	$(BIN)/ruff format --check $(CODE)
	$(BIN)/ruff check $(CODE)
	$(BIN)/mypy clients/python/tillhal daemon/tillhald hwsim/hwsim
	$(BIN)/lint-imports
	$(BIN)/buf lint
	$(BIN)/buf breaking --against proto/released.binpb
	tools/gen.sh --check
	$(TESTS)

format: $(READY) ## Format the code and mend what the linter can mend
	$(BIN)/ruff format $(CODE)
	$(BIN)/ruff check --fix $(CODE)

gen: ## Generate the Python stubs from proto/
	tools/gen.sh

bench: $(READY) ## Measure against floors and peers; one report
	$(BIN)/pip install --quiet --disable-pip-version-check -e '.[bench]'
	$(BIN)/python -m bench

powercut: $(READY) ## Cut the power under the journal a million times; needs root; goes on where it stopped
	@$(BIN)/python tools/powercut.py

upgradecuts: $(READY) ## Cut the power everywhere in upgrades, a restore, a clean, an import; needs root; an hour
	@TILLHALD_UPGRADE_CUTS=1000 TILLHALD_UPGRADE_GOES_ON_EVERY=1 TILLHALD_IMPORT_CUTS=300 TILLHALD_POWER_SHARE=1 $(BIN)/python -m pytest -q tests/crash/test_power_upgrade.py tests/crash/test_restore_power.py tests/crash/test_import_power.py
	@$(BIN)/python -m tests.crash.upgrade_campaign --publish --every-cut

printjobs: $(READY) ## Print 6,000 receipts under faults and power cuts, beside naive policies; an hour
	@$(BIN)/python -m tests.crash.print_campaign --jobs 6000

fuzz: $(READY) ## Throw a million random inputs at each reader of bytes from outside; a quarter of an hour
	@$(BIN)/python tools/fuzz.py

bundle: $(READY) ## Make a signed file of this version for tills without a network; KEYS=DIR to sign with
	@$(BIN)/python tools/bundle.py $(if $(KEYS),--keys "$(KEYS)")

clean: ## Remove what the targets above made
	rm -rf $(VENV) .venv-gen .demo .run .powercut .upgradecuts .bundle bench/out clients/node/node_modules clients/node/dist clients/node/src/gen .mypy_cache .ruff_cache .pytest_cache .hypothesis
