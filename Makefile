# Everything is set up by `make build` and `make test` themselves; a second call finds it done.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
RAW_DATA ?= data/raw
WAREHOUSE ?= data/warehouse
export RAW_DATA WAREHOUSE

# The recipes call `python -m python_scoring`: it runs this folder's code, even in a shared $(VENV).

# Where the package hub was out of reach, the set-up noted it, and the builds go on without Elementary.
DBT_ENVIRONMENT = ELEMENTARY=$$(cat $(VENV)/elementary)

# Whole builds come first, in the order of the folders; the files of short tests fill what is left.
PYTEST = $(DBT_ENVIRONMENT) $(BIN)/python -m pytest --numprocesses 2 --dist loadfile --no-loadscope-reorder --durations 10

SQL_FILES := .sqlfluff .sqlfluffignore dbt_project.yml profiles.yml requirements.lock \
  $(shell find models macros seeds tests -name '*.sql' -o -name '*.yml' -o -name '*.csv')

MINUTES ?= 120
MUTANTS ?= 100

.PHONY: build test test-all survive mutate pytest lint style docs site figures lock sbom audit clean help

help:
	@echo "make build   set up, make demo data if RAW_DATA is empty, dbt build"
	@echo "make test    set up, lint, type-check, every test but the slow ones (make test-all)"
	@echo "make survive what it survives: kills, damage, bad input (MINUTES=120), into docs/resilience.md"
	@echo "make docs    target/site, the docs; target/static_index.html, the dbt docs; target/report.html, the report"
	@echo "make lock    resolve the dependencies again (needs uv)"
	@echo "make sbom    target/sbom.json, the software bill of materials of the lock (CycloneDX)"
	@echo "make figures where the SQL stands, and how long its pieces are"
	@echo "make audit   known vulnerabilities of what the lock names"

build: $(VENV)/elementary
	@if [ -z "$$(ls -A $(RAW_DATA) 2>/dev/null)" ]; then $(BIN)/python -m python_scoring demo-data --out $(RAW_DATA); fi
	@$(DBT_ENVIRONMENT) $(BIN)/dbt build --exclude-resource-type unit_test
	@if [ "$$(cat $(VENV)/elementary)" = off ]; then echo "Before plain dbt build: export ELEMENTARY=off (the package hub was out of reach)"; fi

# The linters run beside the tests, which leave a part of the cores idle when they begin and end.
test: $(VENV)/elementary
	@$(MAKE) --no-print-directory --jobs 2 pytest lint CHOSEN='-m "not slow"'

test-all: $(VENV)/elementary
	@$(MAKE) --no-print-directory --jobs 2 pytest lint

# Faults by the hundred, and docs/resilience.md with what came of them: make survive MINUTES=30 for fewer.
survive: $(VENV)/elementary
	@$(DBT_ENVIRONMENT) $(BIN)/python -m tests.resilience --minutes $(MINUTES) --out docs/resilience.md

# Small changes in the code that decides, each of which its tests should find.
mutate: $(VENV)/elementary
	@$(DBT_ENVIRONMENT) $(BIN)/python -m tests.resilience.mutation --mutants $(MUTANTS)

pytest: $(VENV)/elementary
	@$(PYTEST) $(CHOSEN)

lint: style $(VENV)/linted

style: $(VENV)/elementary $(VENV)/valid
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

# Contracts and exposures, as a build validates them.
$(VENV)/valid: $(VENV)/elementary dbt_project.yml $(shell find models python_scoring/contracts -name '*.yml' -o -name '*.py')
	@$(DBT_ENVIRONMENT) $(BIN)/python -m python_scoring contracts --lint
	@touch $@

# sqlfluff takes over a minute, even with rare garbage collections: it runs where a file changed that SQL is made from.
$(VENV)/linted: $(VENV)/elementary $(SQL_FILES)
	@$(DBT_ENVIRONMENT) WAREHOUSE=$(VENV)/lint $(BIN)/python -m tests.support.lint_sql lint models tests --disable-progress-bar
	@touch $@

docs: $(VENV)/elementary $(VENV)/site/installed
	@$(DBT_ENVIRONMENT) $(BIN)/dbt docs generate
	@$(BIN)/python -m python_scoring docs
	@$(BIN)/python -m python_scoring report --out target/report.html
	@$(MAKE) --no-print-directory site

# The docs site, from the manifest that dbt wrote: mkdocs stands apart from what the project runs with.
site: $(VENV)/site/installed
	@$(BIN)/python -m python_scoring docs --pages target/pages
	@NO_MKDOCS_2_WARNING=1 $(VENV)/site/bin/mkdocs build --quiet
	@echo "target/site/index.html"

$(VENV)/site/installed: docs/requirements.txt
	$(PYTHON) -m venv $(VENV)/site
	$(VENV)/site/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r docs/requirements.txt
	@touch $@

figures: $(VENV)/elementary
	@$(BIN)/python -m benchmarks.figures

$(VENV)/installed: requirements.lock
	$(PYTHON) -c 'import sys; v = sys.version_info[:2]; sys.exit(0 if (3, 10) <= v <= (3, 13) else f"Python {v[0]}.{v[1]} found: expected 3.10 to 3.13; call make PYTHON=python3.12")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --no-index --editable .
	@touch $@

# `on` where Elementary's dbt package is installed, else `off`. ELEMENTARY=off does not even try.
$(VENV)/elementary: $(VENV)/installed packages.yml
	@if [ "$$ELEMENTARY" = off ]; then echo off > $@; \
	elif WAREHOUSE=$(VENV)/deps $(BIN)/dbt deps --quiet > $(VENV)/deps.log 2>&1; then echo on > $@; \
	else rm -rf dbt_packages; echo off > $@; \
	  echo "The dbt package hub cannot be reached: going on without Elementary. For plain dbt build: export ELEMENTARY=off"; fi

lock:
	uv pip compile pyproject.toml --extra lightgbm --extra mlflow --extra xgboost --group dev --universal --python-version 3.10 --generate-hashes --no-emit-index-url --custom-compile-command "make lock" -o requirements.lock
	uv pip compile --group pyproject.toml:docs --universal --python-version 3.10 --generate-hashes --no-emit-index-url --custom-compile-command "make lock" -o docs/requirements.txt

# Tools of a release, apart from what the project runs with.
RELEASE_TOOLS := cyclonedx-bom==7.5.0 pip-audit==2.10.1

$(VENV)/release/installed: Makefile
	$(PYTHON) -m venv $(VENV)/release
	$(VENV)/release/bin/python -m pip install --quiet --disable-pip-version-check $(RELEASE_TOOLS)
	@touch $@

sbom: $(VENV)/release/installed
	@mkdir -p target
	@$(VENV)/release/bin/python -W ignore -m cyclonedx_py requirements requirements.lock --pyproject pyproject.toml --output-reproducible --of JSON -o target/sbom.json
	@echo "target/sbom.json"

audit: $(VENV)/release/installed
	@$(VENV)/release/bin/pip-audit --requirement requirements.lock --disable-pip

clean:
	rm -rf $(VENV) target logs dbt_packages
