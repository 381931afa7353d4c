# Two commands do everything on a fresh machine with Python >= 3.11: `make run` and `make test`.
.DEFAULT_GOAL := help
.PHONY: help setup dev run test check prove pbx bench
VENV := .venv/bin
PYTHON ?=
ARGS ?=

help: ## say what there is
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: ## make .venv with intake112 in it (nothing to do, and no network, when it is current)
	@python=$$(PYTHON="$(PYTHON)" sh tools/python.sh) && "$$python" tools/setup.py run

dev:
	@python=$$(PYTHON="$(PYTHON)" sh tools/python.sh) && "$$python" tools/setup.py dev

run: setup ## start the whole product with a pretend Asterisk and pretend agencies (http://127.0.0.1:8112)
	@exec $(VENV)/intake112 run --demo

test: dev ## install what the tests need, check, and run all tests (ARGS="-k name" for some)
	@exec $(VENV)/python tools/test.py $(ARGS)

check: dev ## the static checks: ruff, mypy, import contracts
	@exec $(VENV)/python tools/check.py

prove: dev ## the fault tests at full counts, written to docs/proof.md
	@exec $(VENV)/python tools/prove.py

pbx: dev ## a real Asterisk to try things on (Debian, root)
	@exec $(VENV)/python -m tests.pbx $(ARGS)

bench: dev ## measure against peers and limits
	@exec $(VENV)/python -m bench $(ARGS)
