# `make book` and `make test` do all their own set-up; `make help` lists the rest.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

bin := .venv/bin
python = $(bin)/python
port ?= 8000

# Say what is missing, and what to do about it, instead of a traceback later.
browser = command -v chromium || command -v chromium-browser || command -v google-chrome
need_node = command -v npm >/dev/null || { echo "npm not found; install Node 18 or newer (on Debian: apt-get install nodejs npm)"; exit 1; }
need_browser = { $(browser); } >/dev/null || { echo "Chromium not found; install it (on Debian: apt-get install chromium)"; exit 1; }

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# --- Set-up: each is done again only when what it is made from has changed.

.PHONY: setup
setup: .venv/.ready ## make .venv from the lock

.venv/.ready: requirements.txt pyproject.toml tools/setup.sh
	@tools/setup.sh
	@touch $@

node_modules/.ready: package.json package-lock.json
	@$(need_node)
	@npm ci --no-audit --no-fund --loglevel=error || { echo "npm ci failed; check the network"; exit 1; }
	@touch $@

# --- The book

# For tools that are packages, or that import one.
module = PYTHONPATH=tools:book/_ext $(python) -m

.PHONY: book
book: .venv/.ready ## build the book into _build/html, from clean, warnings as errors
	@rm -rf _build
	@$(bin)/jupyter-book build . -W -n --keep-going || { echo "the book has errors or warnings, see above"; exit 1; }
	@echo "open it with: make serve"

.PHONY: serve
serve: ## show the built book at http://127.0.0.1:8000 (port=8080 for another port)
	@test -f _build/html/index.html || { echo "no book in _build/html; run: make book"; exit 1; }
	@echo "the book is at http://127.0.0.1:$(port) (Ctrl-C stops)"
	@$(python) -m http.server --bind 127.0.0.1 --directory _build/html $(port)

.PHONY: notebooks
notebooks: .venv/.ready ## run the chapters and write their notebooks (only="book/arc_elasticity.md" for some)
	@$(python) tools/notebooks.py $(only)

.PHONY: text
text: .venv/.ready ## write notebooks of which only the prose has changed, without running them
	@$(python) tools/notebooks.py --text $(only)

studies = $(basename $(notdir $(wildcard tools/studies/[a-z]*.py)))

.PHONY: studies
studies: .venv/.ready ## recompute the tables of long studies in book/results, an hour (only="breaks" for some)
	@for study in $(or $(only),$(studies)); do $(module) studies.$$study || exit 1; done

# What the pages run is bundled once and kept in book/_static/js, so that a build needs no Node.
.PHONY: bundles
bundles: node_modules/.ready ## bundle book/_web into book/_static/js
	@node tools/bundle.mjs

# --- The book to take away, made of the built pages; each says in one line what it lacks.

in_hand = test -f _build/html/index.html || $(MAKE) --no-print-directory book

.PHONY: zip
zip: .venv/.ready ## pack the built book into _build/elastic-tutorial.zip, to read from disk
	@$(in_hand)
	@$(python) tools/offline_zip.py

.PHONY: pdf
pdf: .venv/.ready ## print the built book into _build/elastic-tutorial.pdf (needs Chromium)
	@$(need_browser)
	@$(in_hand)
	@$(python) tools/pdf.py

.PHONY: epub
epub: .venv/.ready ## make _build/elastic-tutorial.epub of the built book (needs Chromium)
	@$(need_browser)
	@$(in_hand)
	@$(python) tools/epub.py

# --- To teach with: editions for students and instructors, assignments, slides.

.PHONY: course
course: .venv/.ready node_modules/.ready ## make the course in _build/course (needs Node and Chromium)
	@$(need_browser)
	@$(in_hand)
	@$(module) course

.PHONY: slides
slides: .venv/.ready node_modules/.ready ## make the slides alone, in _build/course/slides (needs Node and Chromium)
	@$(need_browser)
	@$(module) slides --pdf

.PHONY: downloads
downloads: zip pdf epub course ## make all of these and put them beside the pages, where they are published
	@mkdir -p _build/html/downloads
	@cp _build/elastic-tutorial.* _build/html/downloads/
	@cp -r _build/course/slides _build/html/downloads/
	@$(python) -m zipfile -c _build/html/downloads/students.zip _build/course/student/

# --- Checks

# All stages run, whichever fails; the last lines say what passed and how to repeat what did not.
.PHONY: test
test: .venv/.ready node_modules/.ready ## run every check but the slow tests (record=1 keeps their times; only="unit pages")
	@$(need_browser)
	@$(python) tools/checks.py $(if $(only),--only $(only)) $(if $(record),--record)

.PHONY: check-all
check-all: .venv/.ready node_modules/.ready ## run every check, the slow tests too
	@$(need_browser)
	@$(python) tools/checks.py --slow $(if $(only),--only $(only))

.PHONY: quick
quick: .venv/.ready node_modules/.ready ## run the tests of what changed, for 100 seconds (since=HEAD)
	@$(python) tools/quick.py $(if $(since),--since $(since))

.PHONY: portable
portable: .venv/.ready node_modules/.ready ## run tests and notebooks as other processors would (an hour)
	@$(need_browser)
	@$(python) tools/portable.py $(only)

# --- Upkeep

.PHONY: format
format: .venv/.ready ## let ruff mend and format the code
	@$(bin)/ruff check --fix --extend-exclude '*.ipynb' . && $(bin)/ruff format .

.PHONY: address
address: .venv/.ready ## write the public address of _config.yml wherever else it stands
	@$(python) tools/address.py

compile := pip compile --quiet --universal --python-version 3.12 --custom-compile-command "make lock"

# binder/colab.txt is for a machine that has packages of its own: those stay where they are older.
.PHONY: lock
lock: ## compile pyproject.toml into requirements.txt and its parts in binder/
	@set -o pipefail && uv=$$(tools/setup.sh uv) && \
	$$uv $(compile) pyproject.toml --group notebook --group book --group course --group test -o requirements.txt && \
	$$uv $(compile) pyproject.toml --group notebook --constraint requirements.txt -o binder/requirements.txt && \
	$$uv $(compile) pyproject.toml --no-annotate --constraint binder/requirements.txt | \
	sed 's/^\([a-z][^=]*\)==/\1<=/' > binder/colab.txt
	@echo "-e ." >> requirements.txt

# Other packages for the same job, in an environment of their own.
.PHONY: bench
bench: .venv/.ready ## measure fit_laplace beside other packages, into book/results (an hour)
	@uv=$$(tools/setup.sh uv) && $$uv venv --quiet --clear --python .venv/bin/python .venv-bench && \
	VIRTUAL_ENV=.venv-bench $$uv pip install --quiet -r requirements.txt pymc nutpie gpboost
	@.venv-bench/bin/python tools/bench.py $(only)

# What a new reader would get without the lock, before the lock is brought up to date.
.PHONY: newest
newest: bin := .venv-newest/bin
newest: .venv/.ready node_modules/.ready ## run tests, notebooks and book with the newest packages
	@$(need_browser)
	@uv=$$(tools/setup.sh uv) && $$uv venv --quiet --clear --python .venv/bin/python .venv-newest && \
	export VIRTUAL_ENV=.venv-newest && \
	$$uv pip install --quiet --upgrade -e . $(foreach group,notebook book course test,--group $(group)) && \
	echo "== packages that differ from the lock (<), and their newest version (>)" && \
	{ diff <(sed 's/ *;.*//' requirements.txt | grep == | sort) <($$uv pip freeze | grep == | sort) || true; }
	@$(python) tools/checks.py --only unit notebooks book

.PHONY: links
links: .venv/.ready ## ask whether every outside link still leads somewhere
	@$(bin)/jupyter-book build . --builder linkcheck --path-output _build/links -q || \
	{ echo "an outside link of a page is broken, see above"; exit 1; }
	@$(python) tools/links.py

.PHONY: clean
clean: ## remove what was built (not .venv)
	@rm -rf _build dist .checks .pytest_cache .ruff_cache .hypothesis
