.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory
BIN := .venv/bin
INSTALLED := .venv/installed
DOCS := $(wildcard README.md docs/*.md)
PYTHON ?=
export PYTHON

.PHONY: help install run test check bench golden docs lock wheel

help: ## lists these targets
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

install: $(INSTALLED) ## makes the environment in .venv

$(INSTALLED): requirements-dev.txt pyproject.toml setup.py .ci/python .ci/install
	@.ci/python .venv
	@.ci/install .venv
	@touch $@

run: $(INSTALLED) ## starts the gateway with ./config.yaml; more options: make run ARGS="--web"
	@$(BIN)/dragoman run $(ARGS)

# (pytest's own bytecode is worth a third of a second run's start, also where all other is unwanted)
test: $(INSTALLED) ## runs the whole test-suite; a part of it: make test ARGS="tests/addons -k config"
	@PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest -q -n auto --dist loadfile --no-loadscope-reorder $(ARGS)

check: $(INSTALLED) ## formatting, lint, both type checkers, generated documentation
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/pyright
	$(if $(DOCS),$(BIN)/cog --check $(DOCS))

bench: $(INSTALLED) ## compares Dragoman with the stock mitmdump
	@$(BIN)/python -m bench $(ARGS)

golden: $(INSTALLED) ## rewrites tests/golden with what the translators make now; review the diff
	@DRAGOMAN_GOLDEN=write $(BIN)/python -m pytest -q tests/test_matrix.py

docs: $(INSTALLED) ## rewrites the generated parts of the documentation
	$(BIN)/cog -r $(DOCS)

wheel: $(INSTALLED) ## builds dist/dragoman-*.whl
	@rm -rf build  # setuptools would take along what was removed since
	@$(BIN)/python -m build --wheel --no-isolation --outdir dist .

lock: ## resolves pyproject.toml anew into requirements*.txt; needs uv
	@for extra in "" dev; do \
	  uv pip compile --quiet --upgrade --universal --python-version 3.12 --generate-hashes --no-header --no-annotate \
	    $${extra:+--extra $$extra} --output-file requirements$${extra:+-$$extra}.txt pyproject.toml; \
	done
