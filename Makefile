# Two commands: `make up` runs everything, `make test` tests everything.
PYTHON ?= python3
ARGS ?=
export UV_PYTHON_DOWNLOADS := never
UV := $(shell command -v uv || echo .env/uv/bin/uv)
BIN := .venv/bin
# Node of this machine where it is new enough, else the one from the Python registry.
NODE := sh $(CURDIR)/tools/with-node

WEB := src/ctfy/server/web/built/index.html
# Writes the bytecode of what a start loads. uv writes none, and where Python may not, each process of
# each start would compile its thousand modules again: more than half of the processor time.
COMPILED := PYTHONDONTWRITEBYTECODE= $(BIN)/python -c \
  "import ctfy.cli.operator.up, ctfy.cli.player, ctfy.node.process, \
  ctfy.node.providers.docker, ctfy.server.app, ctfy.mcp.server"

.PHONY: up test check docs chaos bench bench-http bench-compare bench-costs bench-web screenshots fuzz images web clean

up: .venv/.ready $(WEB)
	@CTFY_CHALLENGES_DIR=$${CTFY_CHALLENGES_DIR:-examples/challenges} $(BIN)/ctfy-admin up $(ARGS)

test: check $(WEB)
	@$(MAKE) --silent .venv-published/.ready || echo "the published package is not there: see below"
	@sh examples/images/make.sh || echo "not all images are there: see below which tests need them"
	@$(BIN)/pytest -n $(or $(WORKERS),auto) --dist loadgroup

check: .venv/.dev frontend/node_modules/.ready
	@PATH=$(BIN):$$PATH $(BIN)/python tools/async_sdk.py --check
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/mypy tests
	@$(BIN)/lint-imports
	@$(BIN)/python tools/openapi.py --check
	@$(BIN)/python tools/events.py --check
	@$(BIN)/python tools/metadata_schema.py --check
	@cd frontend && $(NODE) npm run --silent check

# Forty thousand requests that the API's own document suggests, half of them with hostile texts, and
# as many with everything else that a request can hold.
fuzz: .venv/.dev
	@CTFY_FUZZ_EXAMPLES=120 $(BIN)/pytest -s tests/server/test_fuzz.py \
	  tests/server/test_hostile_requests.py

# Two hundred instances while everything is killed at random; needs root, an engine, busybox-static.
chaos: .venv/.dev
	@$(BIN)/pytest -s tests/faults/chaos_check.py

bench: .venv/.dev
	@$(BIN)/python bench/run.py
	@$(BIN)/python bench/load.py
	@$(BIN)/python bench/events.py
	@$(BIN)/python bench/operators.py
	@$(BIN)/python bench/nodes.py
	@$(BIN)/python bench/crowd.py

# Every route of players, cold and warm, by 1,000 callers; into dist/bench-http.json.
bench-http: .venv/.dev
	@$(BIN)/python bench/routes.py

# What ten requests cost in processor time, also where the machine is busy.
bench-costs: .venv/.dev
	@$(BIN)/python bench/costs.py

# What changed since a saved run.
bench-compare: .venv/.dev
	@$(BIN)/python bench/routes.py $(or $(BASE),dist/bench-http.saved.json)

# What the web interface weighs, and when a page of it can be used; needs chromium.
bench-web: .venv/.dev $(WEB)
	@$(BIN)/python bench/web.py

# Every page, dark and light, into dist/screenshots, and those of docs/images anew; needs chromium.
screenshots: .venv/.dev $(WEB)
	@$(BIN)/python tools/screenshots.py

# The base images that the examples' Dockerfiles name, made here from Debian packages.
images:
	@sh examples/images/make.sh

# The documentation as a site: dist/docs/index.html. A warning fails.
docs: .venv/.dev
	@$(BIN)/sphinx-build -q -W --keep-going -b html docs dist/docs

# The web interface, built into the package.
web: $(WEB)

$(WEB): frontend/node_modules/.ready $(shell find frontend/src frontend/public -type f 2>/dev/null) \
  frontend/index.html frontend/openapi.json frontend/vite.config.ts
	@cd frontend && $(NODE) npm run --silent build

frontend/node_modules/.ready: frontend/package.json frontend/package-lock.json | .venv/.ready
	@cd frontend && $(NODE) npm ci --silent
	@touch $@

# Made anew only when the lock changes, so that a second run needs no network.
.venv/.ready: pyproject.toml uv.lock | $(UV)
	@$(UV) sync --quiet --frozen --all-extras --no-default-groups --inexact --python $(PYTHON)
	@$(COMPILED)
	@touch $@

# What tests, measurements and the documentation need besides.
.venv/.dev: pyproject.toml uv.lock | $(UV)
	@$(UV) sync --quiet --frozen --all-extras --group dev --python $(PYTHON)
	@$(COMPILED)
	@touch $@ .venv/.ready

# The package that existing programs are written for, apart: tests let it talk to our server.
.venv-published/.ready: tests/contract/published.txt | $(UV)
	@$(UV) venv --quiet --clear --python $(PYTHON) .venv-published
	@$(UV) pip sync --quiet --python .venv-published tests/contract/published.txt
	@touch $@

.env/uv/bin/uv:
	@$(PYTHON) -m pip install --quiet --disable-pip-version-check --target .env/uv uv \
	  || ($(PYTHON) -m venv .env/pip && .env/pip/bin/pip install --quiet --target .env/uv uv)

# An absolute path when uv is on the machine already: nothing to make.
%/uv: ;

clean:
	rm -rf .venv .venv-published .env dist frontend/node_modules src/ctfy/server/web/built
