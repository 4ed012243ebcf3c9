# Yizhan 一站. Two commands do everything: `make run` and `make test`.
# Python 3.11 or newer, pip, venv and make are all that is needed; no Docker, no Java.

.DEFAULT_GOAL := help
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
WORKERS ?= 2

.PHONY: help run test test-kafka lint format bench bench-large bench-matching demo-traffic compose-up lock schemas clean

help: ## Show this help
	@echo "Yizhan 一站 - targets:"
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sort | awk -F ':.*## ' '{printf "  make %-14s %s\n", $$1, $$2}'
	@echo "Settings: YIZHAN_DATA_DIR, YIZHAN_PORT, YIZHAN_HOST, DEMO=0, YIZHAN_BUS=memory|kafka (see README)"

# A stamp per set of libraries: made again when the pinned files change.
$(VENV)/.run-stamp: deploy/requirements/embedded.txt pyproject.toml
	@echo "Preparing the environment in $(VENV) (first time: about a minute) ..."
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(PIP) install --quiet --require-hashes -r deploy/requirements/embedded.txt
	$(PIP) install --quiet --no-build-isolation --no-deps --editable .
	@touch $@

$(VENV)/.dev-stamp: deploy/requirements/dev.txt pyproject.toml
	@echo "Preparing the environment in $(VENV) (first time: about a minute) ..."
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(PIP) install --quiet --require-hashes -r deploy/requirements/dev.txt
	$(PIP) install --quiet --no-build-isolation --no-deps --editable .
	@touch $@ $(VENV)/.run-stamp

$(VENV)/.bench-stamp: deploy/requirements/bench.txt $(VENV)/.dev-stamp
	$(PIP) install --quiet --require-hashes -r deploy/requirements/bench.txt
	@touch $@

run: $(VENV)/.run-stamp ## Run everything on http://127.0.0.1:8000 with the demo county
	@exec $(BIN)/yizhan run

test: $(VENV)/.dev-stamp ## Run every test: real PostgreSQL, Kafka's protocol
	$(BIN)/python -m pytest -q -n $(WORKERS) --dist worksteal

test-kafka: $(VENV)/.dev-stamp ## Run the transport and main-job tests on a real Apache Kafka (Java, Maven)
	$(BIN)/python -m deploy.kafka.run -- $(BIN)/python -m pytest -q -m real_kafka tests/transport tests/e2e

lint: $(VENV)/.dev-stamp ## Check style, types and the import rules
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m shared.events.generate --check

format: $(VENV)/.dev-stamp ## Put the code into the house's format
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(VENV)/.bench-stamp ## Measure, as ratios against a baseline in the same run (some minutes)
	$(BIN)/python -m tests.bench

bench-large: $(VENV)/.bench-stamp ## As bench, to full sizes: 500,000 people, a million settlements (half an hour)
	$(BIN)/python -m tests.bench --large

bench-matching: $(VENV)/.bench-stamp ## Measure the matcher: beside Splink on FEBRL 4, its speed, its errors (some minutes)
	$(BIN)/python -m tests.bench.matching

demo-traffic: $(VENV)/.run-stamp ## Play hospitals in real time against the running server
	@exec $(BIN)/yizhan demo traffic

compose-up: ## Start the cluster form: Kafka, PostgreSQL, one container per service (Docker)
	sh deploy/compose/secrets.sh
	docker compose up --build --detach --wait

lock: $(VENV)/.dev-stamp ## Pin the libraries again, with hashes (needs pip-tools in the environment)
	for set in service embedded dev bench; do \
	  $(BIN)/pip-compile --quiet --upgrade --generate-hashes --allow-unsafe --strip-extras \
	    --no-emit-index-url --no-emit-find-links --no-emit-trusted-host \
	    --output-file deploy/requirements/$$set.txt deploy/requirements/$$set.in; done

schemas: $(VENV)/.dev-stamp ## Generate the event schemas and asyncapi.yaml from the catalog
	$(BIN)/python -m shared.events.generate

clean: ## Remove the environment and caches (never the data)
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis *.egg-info
