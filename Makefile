PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
export HF_HUB_OFFLINE := 1

.PHONY: ask test quick check browser eval bench golden docs clean

ask: $(VENV)/.ready  ## answer the seed question
	$(BIN)/ragqa ask "Is memantine effective as a first-line treatment for Borderline Personality Disorder?"

test: $(VENV)/.ready check browser  ## static checks, then the test suite
	$(BIN)/pytest -n logical --maxprocesses 4 --dist loadfile

quick: $(VENV)/.ready  ## the tests that load no model, each room by itself, under a minute
	$(BIN)/pytest -m quick

check: $(VENV)/.ready  ## ruff, mypy --strict, import floors
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

browser:  ## Debian's chromium for the browser tests, where it is missing and may be installed
	@if [ -x /usr/bin/chromium ]; then exit 0; \
	elif [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	  echo "installing chromium for the browser tests"; \
	  { apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends chromium fonts-liberation; } \
	    >/dev/null 2>&1 || echo "chromium could not be installed: the browser tests will be skipped"; \
	else echo "no /usr/bin/chromium: the browser tests will be skipped. apt-get install chromium, as root, brings it"; fi

eval: $(VENV)/.ready  ## the scorecard of the gold set and of every set that is not sealed
	$(BIN)/ragqa eval --json eval/results/scorecard.json

bench: $(VENV)/.ready  ## speed and memory, as ratios within one run
	$(BIN)/python eval/measure/bench.py

golden: $(VENV)/.ready  ## rewrite the golden renderings after reading the difference
	RAGQA_UPDATE_GOLDEN=1 $(BIN)/pytest tests/answer/test_render.py tests/editorial/test_article_page.py

docs: $(VENV)/.ready  ## rewrite docs/cli.md and docs/access.md from commands and routes
	$(BIN)/python docs/write_cli.py
	$(BIN)/python docs/write_access.py

$(VENV)/.ready: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[dev]"
	touch $@

clean:
	rm -rf $(VENV)
