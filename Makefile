# Everything a bare checkout can do; it needs Python 3.11+ and make, and fetches the rest. `make help` lists it.

.NOTPARALLEL:
.DEFAULT_GOAL := help
.PHONY: help up demo test bench storm crash soak test-kube locked lint contracts types engine pytest install install-dev lock openapi clean

BIN := .venv/bin
ARGS ?=
WORKERS ?= 3
SYSTEM_PYTHON = $$(./bootstrap/find-python)

help:  ## this list
	@echo "make TARGET [ARGS='...' for the program it starts]"
	@sed -n 's/^\([a-z][a-z-]*\):[^#]*## \(.*\)/\1|\2/p' Makefile | awk -F'|' '{ printf "  %-12s %s\n", $$1, $$2 }'
	@echo "For example: make up, then in another terminal: curl http://127.0.0.1:8080/v1/health"

up: install  ## a serving control plane on 127.0.0.1:8080, its data kept in .data; Ctrl-C stops it
	@$(BIN)/plexsphere up $(ARGS)

demo: install  ## a control plane of its own, a few dozen simulated agents, and what becomes of them
	@$(BIN)/python -m demo $(ARGS)

test: locked lint contracts types engine pytest  ## everything a change must pass

bench: install-dev  ## the fixed profile of measurements, results in a file
	@$(BIN)/python -m tests.bench $(ARGS)

crash: install-dev  ## two servers killed again and again under load; ARGS='--cycles 500 --seed 7'
	@$(BIN)/python -m tests.crash $(ARGS)

soak: install-dev  ## the long runs, half an hour and more; ARGS='-k three_hundred_thousand' for one of them
	@$(BIN)/python -m pytest -m soak -s $(ARGS)

storm: install-dev  ## the five storms at full scale; for example make storm ARGS='--only restart --scale 0.1'
	@$(BIN)/python -m tests.storm $(ARGS)

test-kube: install-dev  ## the tests that talk to Kubernetes, on the cluster that PLEXSPHERE_TEST_KUBECONFIG names
	@test -f "$$PLEXSPHERE_TEST_KUBECONFIG" || { \
	  echo "PLEXSPHERE_TEST_KUBECONFIG names no file. Give it the kubeconfig of a cluster for tests, whose user may"; \
	  echo "install a CRD and create namespaces: PLEXSPHERE_TEST_KUBECONFIG=~/.kube/config make test-kube"; \
	  echo "Without it, 'make test' runs the same tests on an API server of our own."; exit 1; }
	@$(BIN)/python -m pytest -m "kube and not soak" $(ARGS)

locked: install-dev  # nothing that a pyproject.toml asks for is missing from the locked lists
	@echo "==> locked lists (pip check)"
	@$(BIN)/python -m pip --disable-pip-version-check check || { echo "Run: make lock"; exit 1; }

lint: install-dev  ## style and format
	@echo "==> lint (ruff)"
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

contracts: install-dev  ## who may import whom
	@echo "==> import contracts (lint-imports)"
	@$(BIN)/lint-imports --no-logo

types: install-dev  ## strict typing
	@echo "==> types (mypy)"
	@$(BIN)/mypy

engine: install-dev  # the SpiceDB engine that some tests run against
	@echo "==> SpiceDB engine"
	@$(BIN)/python bootstrap/npm.py
	@$(BIN)/python -m tests.support.spicedb_library

pytest: install-dev  ## the tests alone; for example make pytest ARGS='-k tokens'
	@echo "==> tests (pytest)"
	@$(BIN)/python -m pytest -m "not soak" -n $(WORKERS) --dist loadfile $(ARGS)

install:  ## what make up needs, from hash-locked lists; does nothing when nothing changed
	@python=$(SYSTEM_PYTHON) && "$$python" bootstrap/install.py runtime

install-dev:  ## what make test needs
	@python=$(SYSTEM_PYTHON) && "$$python" bootstrap/install.py dev

lock: install-dev  ## write the locked lists anew; ARGS=--upgrade takes the newest versions
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/lock.txt
	@$(BIN)/python bootstrap/lock.py $(ARGS)

openapi: install-dev  ## write api/openapi/plexsphere-v1.json anew from the operations
	@$(BIN)/python -m tests.architecture.openapi_document

clean:  ## remove .venv and caches; the data in .data stays
	rm -rf .venv .tox .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis
