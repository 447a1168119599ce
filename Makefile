PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
export HF_HUB_OFFLINE := 1

.PHONY: ask test check eval bench golden docs clean

ask: $(VENV)/.ready  ## answer the seed question
	$(BIN)/ragqa ask "Is memantine effective as a first-line treatment for Borderline Personality Disorder?"

test: $(VENV)/.ready check  ## static checks, then the test suite
	$(BIN)/pytest

check: $(VENV)/.ready  ## ruff, mypy --strict, import floors
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

eval: $(VENV)/.ready  ## the gold set's scorecard
	$(BIN)/ragqa eval --json eval/results/scorecard.json

bench: $(VENV)/.ready  ## speed and memory, as ratios within one run
	$(BIN)/python eval/bench.py

golden: $(VENV)/.ready  ## rewrite the golden renderings after reading the difference
	RAGQA_UPDATE_GOLDEN=1 $(BIN)/pytest tests/test_render.py tests/test_article_page.py

docs: $(VENV)/.ready  ## rewrite docs/cli.md and docs/access.md from commands and routes
	$(BIN)/python docs/write_cli.py
	$(BIN)/python docs/write_access.py

$(VENV)/.ready: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[dev]"
	touch $@

clean:
	rm -rf $(VENV)
