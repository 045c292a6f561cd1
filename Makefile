# `make run` and `make test` are all that a fresh machine needs: Python 3.11 or newer, and make.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/pip install --quiet --disable-pip-version-check
ifdef LOCKED
PIP += --constraint requirements.lock
endif

ifdef POOL
export HONE_POOL = $(POOL)
endif
ifdef PROJECT
export HONE_PROJECT = $(PROJECT)
endif

# Tests start many processes, which need not compile Hone each time.
test: export PYTHONDONTWRITEBYTECODE =

.PHONY: run test audit lock clean

# Opens the sample data, or your own images: make run POOL=path [PROJECT=path] [PORT=8501]
# LOCKED=1, on a first start, installs the very versions that were tested.
# ADDRESS=0.0.0.0 serves other machines; everybody then needs an invitation.
run: $(VENV)/installed
	@$(if $(PORT),$(BIN)/python -c 'import socket; socket.create_server(("127.0.0.1", $(PORT))).close()' \
		2>/dev/null || { echo "Port $(PORT) is in use or not allowed; choose another: make run PORT=8600"; exit 1; })
	$(BIN)/streamlit run app.py $(if $(PORT),--server.port $(PORT)) $(if $(ADDRESS),--server.address $(ADDRESS))

test: $(VENV)/installed-for-tests
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/pytest -n 4 --dist worksteal --ignore tests/journeys
	$(BIN)/pytest tests/journeys

# Known vulnerabilities of the installed packages.
audit: $(VENV)/installed-for-tests
	.ci/audit

# Writes down the installed versions, and what stands for them on other systems.
lock: $(VENV)/installed-for-tests
	$(BIN)/pip freeze | sed 's/+.*//' >$(VENV)/tested.txt
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --constraint $(VENV)/tested.txt \
		--no-emit-index-url --no-annotate --custom-compile-command 'make lock' \
		--output-file requirements.lock requirements.txt tests/requirements.txt

$(VENV)/installed: requirements.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "Hone needs Python 3.11 or newer; name one: make PYTHON=python3.12"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	@echo "Installing Hone's packages into $(VENV); the first time takes some minutes."
	$(PIP) --requirement requirements.txt
	touch $@

$(VENV)/installed-for-tests: $(VENV)/installed tests/requirements.txt
	$(PIP) --requirement tests/requirements.txt
	touch $@

clean:
	rm -rf $(VENV)
