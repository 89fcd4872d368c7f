# Every task of the course; `make` alone prints this list. Works with GNU make 3.81 (macOS) and newer.
# Variables: NB=05 picks notebooks, DECK=05 picks decks, LESSON=05 picks results, GPU=0 leaves the graphics card alone, PYTHON=python3.12.

SHELL := /bin/sh
# Any Python from 3.9 on sets up the environment; uv brings a Python that fits if none is there.
PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3 python; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 9))' 2>/dev/null && echo $$p && break; done)
GPU ?= 1
BIN := .venv/bin
HAS_GPU := $(if $(filter 0,$(GPU)),,$(shell nvidia-smi -L 2>/dev/null | head -n 1))
KIND := $(if $(HAS_GPU),-gpu)
LESSONS := .venv/.lessons$(KIND)
SLIDES := .venv/.slides$(KIND)
EVERYTHING := .venv/.everything$(KIND)
RUN := $(if $(filter 0,$(GPU)),CUDA_VISIBLE_DEVICES=-1 )$(BIN)/

.PHONY: help lab test test-full test-hub test-unit test-notebooks test-jax test-oldest lint lock data doctor notebooks claims sweeps results gpu-check bench slides present look site clean progress release grade mirror links publish footprint

help: ## print this list
	@echo "From Lego to Go. The two commands that matter: make lab, make test."
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-15s %s\n", $$1, $$2}' Makefile

# ---- the environment: each step says what failed and what to do ------------------------------------------------------

define SET_UP
@test -n "$(PYTHON)" || { echo "Step 1 of 3 failed: no Python from 3.9 on was found. Install one, or name it: make PYTHON=/path/to/python3.12"; exit 1; }
@$(PYTHON) .ci/environment.py $(1) $(if $(HAS_GPU),--gpu)
@touch $@
endef

$(LESSONS): locks/lessons$(KIND).txt pyproject.toml .ci/environment.py
	$(call SET_UP,lessons)

$(SLIDES): $(LESSONS) locks/slides.txt
	$(call SET_UP,slides)

$(EVERYTHING): $(LESSONS) locks/everything.txt
	$(call SET_UP,everything)

# ---- for students ----------------------------------------------------------------------------------------------------

# What JupyterLab takes for granted here: no question about news and no look for updates (both would need the network),
# texts shown and not edited, lessons listed before other files.
LAB_SETTINGS := .venv/share/jupyter/lab/settings
# Kernels talk to the server encrypted, or each would warn in the terminal that it does not.
LAB_KERNELS := --KernelManager.transport_encryption=auto

lab: $(LESSONS) ## open JupyterLab on notebooks/ (localhost only, with a token)
	@mkdir -p $(LAB_SETTINGS) && cp .ci/lab-settings.json $(LAB_SETTINGS)/overrides.json
	$(RUN)jupyter lab --ip=127.0.0.1 --notebook-dir=notebooks --LabApp.default_url=/lab/tree/index.md $(LAB_KERNELS) $(LAB_OPTIONS) $(if $(filter 0,$(shell id -u)),--allow-root)

data: $(LESSONS) ## fetch all data ahead of class
	$(RUN)python -m utils.datasets.inventory

doctor: $(LESSONS) ## report versions, GPU, memory, disk, browser and data, with the remedy for each gap
	$(RUN)python -m utils.doctor

progress: $(LESSONS) ## which exercises pass in your notebooks (LESSON=08)
	@$(RUN)python -m utils.grading.grade progress $(if $(LESSON),--lesson $(LESSON))

gpu-check: $(LESSONS) ## list devices, where operations run, and how much faster the GPU trains
	$(RUN)python -m utils.doctor gpu-check

# ---- for instructors -------------------------------------------------------------------------------------------------

slides: $(SLIDES) ## build the decks into lectures/build/, to open from disk, with a PDF of each (DECK=05, PDF=0)
	$(RUN)python lectures/tools/decks.py $(DECK) $(if $(filter 0,$(PDF)),--no-pdf)

present: $(SLIDES) ## serve one deck on this machine, with speaker view (DECK=05)
	$(RUN)python lectures/tools/decks.py $(DECK) --present

# ---- for maintainers -------------------------------------------------------------------------------------------------

test: $(EVERYTHING) ## everything CI runs: lint, unit tests, notebooks at smoke budget (NB=04 for one notebook)
	$(RUN)python tests/run.py $(if $(NB),notebooks --notebooks $(NB))

test-full: $(EVERYTHING) ## the same with the tests marked full, as the weekly run does
	$(RUN)python tests/run.py --full

# JupyterHub's proxy is a program for node.js, laid beside the environment's other programs.
PROXY := .venv/bin/configurable-http-proxy
$(PROXY): | $(EVERYTHING)
	@npm install --global --prefix .venv --silent --no-fund --no-audit configurable-http-proxy@5.3.0 || { echo "JupyterHub's proxy could not be installed: it needs npm with node.js from 20 on, and a network."; exit 1; }

test-hub: $(EVERYTHING) $(PROXY) ## a class of six on a JupyterHub of this machine, in a real browser
	$(RUN)python tests/run.py hub --full

test-unit: $(EVERYTHING) ## unit tests alone
	$(RUN)python tests/run.py unit

test-notebooks: $(EVERYTHING) ## notebooks alone, at smoke budget (NB="04 05")
	$(RUN)python tests/run.py notebooks offline $(if $(NB),--notebooks $(NB))

test-jax: $(EVERYTHING) ## notebooks on the second backend (NB="04 05")
	KERAS_BACKEND=jax $(RUN)python tests/run.py notebooks $(if $(NB),--notebooks $(NB))

test-oldest: $(EVERYTHING) ## unit tests and notebooks with the lowest versions that pyproject.toml allows
	$(RUN)python .ci/oldest.py

lint: $(EVERYTHING) ## style and likely mistakes
	$(RUN)ruff check .
	$(RUN)ruff format --check .

notebooks: $(EVERYTHING) ## execute notebooks in place at the cpu budget and normalise them (NB="01 05")
	COURSE_BUDGET=$${COURSE_BUDGET:-cpu} $(RUN)python tests/notebooks/execute.py $(NB)

claims: $(EVERYTHING) ## count over seeds how often each claim of a notebook holds, into the ledger (NB=05 SEEDS=5)
	COURSE_BUDGET=$${COURSE_BUDGET:-cpu} $(RUN)python tests/notebooks/claims_over_seeds.py $(NB) $(if $(SEEDS),--seeds $(SEEDS))

sweeps: $(EVERYTHING) ## answer the exercises' stored inputs anew from the solutions (LESSON=08)
	$(RUN)python tests/unit/exercises/sweeps.py $(LESSON)

results: $(EVERYTHING) ## measure the course's figures again into mldata/results.json (LESSON=05)
	@set -e; for script in tests/benchmarks/results_$(LESSON)*.py; do \
		test -f "$$script" || { echo "Nothing to measure for lesson $(LESSON)."; exit 1; }; \
		echo "== $$script"; $(RUN)python "$$script"; done
	@$(RUN)python .ci/readme.py

bench: $(EVERYTHING) .venv-peers/.ready ## time the course beside its peers (LESSON=07)
	@set -e; for script in tests/benchmarks/bench_$(LESSON)*.py; do \
		test -f "$$script" || { echo "No benchmark for lesson $(LESSON)."; exit 1; }; \
		echo "== $$script"; $(RUN)python "$$script"; done

# Peers (torch, scikit-surprise, open-spiel, ...) stay out of the course's own environment.
.venv-peers/.ready: tests/benchmarks/requirements.txt
	@echo "Creating .venv-peers for the programs we compare with"
	@$(PYTHON) -m venv --clear .venv-peers
	@.venv-peers/bin/python -m pip install --quiet --disable-pip-version-check -r tests/benchmarks/requirements.txt || { echo "The benchmark peers could not be installed (message above)."; exit 1; }
	@touch $@

look: $(SLIDES) ## pictures of every slide and what is wrong with it, in lectures/build/ (DECK=05)
	$(RUN)python lectures/tools/decks.py $(DECK) --no-pdf --look

site: $(SLIDES) ## build the course's site into build/site/, to open from disk or publish; with the decks that are built
	$(RUN)python site/build.py

release: $(LESSONS) ## write the student's version, without solutions and outputs (OUT=folder)
	@$(RUN)python -m utils.grading.release $(if $(OUT),"$(OUT)")

mirror: $(LESSONS) ## lay out the data of `make data` as a mirror for a classroom without network (OUT=folder)
	@$(RUN)python -m utils.datasets.mirror $(if $(OUT),"$(OUT)")

links: $(EVERYTHING) ## visit every address in the texts
	@$(RUN)python .ci/links.py

grade: $(LESSONS) ## check submissions, fenced in, and write a csv (SUBMISSIONS=folder LESSON=08 OUT=file WEIGHTS=file SECONDS=30)
	@$(RUN)python -m utils.grading.grade grade $(if $(SUBMISSIONS),"$(SUBMISSIONS)") $(if $(OUT),--out "$(OUT)") \
		$(if $(WEIGHTS),--weights "$(WEIGHTS)") $(if $(SECONDS),--seconds $(SECONDS)) $(if $(LESSON),--lesson $(LESSON))

footprint: ## time and measure the first `make lab` of a fresh clone: seconds, bytes, disk
	$(PYTHON) .ci/footprint.py

publish: $(EVERYTHING) ## write the repository's address (pyproject.toml) into lessons and README
	$(RUN)python .ci/publish.py

lock: $(EVERYTHING) ## resolve locks/ and environment.yml anew from pyproject.toml
	$(RUN)python .ci/lock.py

clean: ## remove environments and build output; downloads and results stay
	rm -rf .venv .uv .venv-peers .venv-oldest build lectures/build .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
