# make run: the whole system on this machine. make test: every check. make help: the rest.
PYTHON ?= python3
VENV := .venv
PY := $(VENV)/bin/python
INSTALLED := $(VENV)/.installed
STARTED := $(shell date +%s)
FEEDS ?=
COMPILE := $(VENV)/bin/uv pip compile --quiet --universal --generate-hashes --python-version 3.11 --no-header --no-emit-index-url

.DEFAULT_GOAL := help
.PHONY: help run test check unit integration gold bench-ingest bench-enrich bench-enrich-faults bench-alerts bench-index bench-index-faults fuzz format schemas schemas-check kibana lock up down status clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-19s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: $(INSTALLED) ## start everything with demo feeds until Ctrl-C; FEEDS=list.opml (or a URL) for real ones
	@NEWS_DEMO_STARTED=$(STARTED) exec $(PY) -m deploy.demo $(if $(FEEDS),--feeds "$(FEEDS)")

test: check ## every check and every test, on the real servers
	$(PY) -m pytest -q tests

check: $(INSTALLED) ## lint, format, types, import rules, generated files
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports
	$(PY) -m schemas check
	$(PY) -m deploy.kibana check

unit: $(INSTALLED) ## the tests that need no server
	$(PY) -m pytest -q tests/unit tests/contract

integration: $(INSTALLED) ## the tests on the real servers
	$(PY) -m pytest -q tests/integration tests/e2e

gold: $(INSTALLED) ## how well items are tagged, per class; misses of the kept-aside files are not shown
	$(PY) -m tests.gold

bench-ingest: $(INSTALLED) ## polls and parsing beside the bare libraries, 10,000 feeds, stalls of the loop, fuzzing
	$(PY) -m bench.ingest_poll
	$(PY) -m bench.ingest_parse
	$(PY) -m bench.fuzz_parse --mutations 20000

bench-enrich: $(INSTALLED) ## how fast items are tagged, alone and through the broker; memory, start-up
	$(PY) -m bench.enrich

bench-enrich-faults: $(INSTALLED) ## kill enrich's workers 50 times under load: is anything lost?
	$(PY) -m bench.enrich_faults --kills 50

bench-index: $(INSTALLED) ## writing beside a bare bulk, cost of each stage, size, searches over 200,000 items
	$(PY) -m bench.index

bench-index-faults: $(INSTALLED) ## the engine goes away for 3 minutes, then refuses: is anything lost?
	$(PY) -m bench.index_faults --away 180

bench-alerts: $(INSTALLED) ## what matching saved searches takes, by their number and the size of a batch
	$(PY) -m bench.alerts

fuzz: $(INSTALLED) ## 20,000 mutated feeds through the parser: none may crash, hang or take over 2 s
	$(PY) -m bench.fuzz_parse --mutations 20000

format: $(INSTALLED) ## format the code, apply the linter's safe fixes
	$(VENV)/bin/ruff check --fix .
	$(VENV)/bin/ruff format .

schemas: $(INSTALLED) ## generate JSON Schemas, AsyncAPI, OpenAPI and the page of metrics from the code
	$(PY) -m schemas write
	$(PY) -m services.index openapi > schemas/openapi.json
	$(PY) -m services.metrics > docs/metrics.md

schemas-check: $(INSTALLED) ## say what of these differs from the code, and whether old messages still decode
	$(PY) -m schemas check
	$(PY) -m pytest -q tests/contract/test_messages.py tests/contract/test_api_documents.py tests/contract/test_metrics.py

kibana: $(INSTALLED) ## generate Kibana's objects from the mappings
	$(PY) -m deploy.kibana write

lock: $(INSTALLED) ## resolve the dependencies again
	$(COMPILE) pyproject.toml -o requirements.lock
	echo uv | $(COMPILE) --no-annotate - -o requirements-installer.lock
	$(COMPILE) pyproject.toml --all-extras -c requirements.lock -o requirements-dev.lock

up: $(INSTALLED) ## start only Kafka and the search engine
	$(PY) -m deploy.local up

down: $(INSTALLED) ## stop them
	$(PY) -m deploy.local down

status: $(INSTALLED) ## how they are
	$(PY) -m deploy.local status

clean: ## remove the virtual environment (data stay: python -m deploy.local wipe)
	rm -rf $(VENV)

$(INSTALLED): requirements-installer.lock requirements-dev.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed, this is " + sys.version)'
	@echo "installing the dependencies into $(VENV)"
	@$(PYTHON) -m venv $(VENV)
	@$(VENV)/bin/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-installer.lock
	@$(VENV)/bin/uv pip install --quiet --compile-bytecode --require-hashes --python $(PY) -r requirements-dev.lock
	@touch $@
