# `make run` shows the site, `make test` tests it; both install what they need.

VENV := .venv
PYTHON := $(VENV)/bin/python

.DEFAULT_GOAL := help
.PHONY: help run test check bench faults lighthouse screenshots messages requirements clean

help: ## What can be made
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 22

run: $(VENV)/run ## The site at http://localhost:8000/ (PORT=…), with demonstration content
	@exec $(PYTHON) -m devsite.launcher

test: $(VENV)/dev ## All tests, on a real PostgreSQL and a real Chromium
	@sh scripts/chromium.sh
	@sh scripts/proxies.sh
	@sh scripts/printing.sh
	@exec $(PYTHON) -m tests $(ARGS)

check: $(VENV)/dev ## Format, lint, types, migrations, deployment, translations
	@PATH="$(CURDIR)/$(VENV)/bin:$$PATH" sh scripts/check.sh

bench: $(VENV)/dev ## Load figures, as ratios of the same run; SIZE=… what growth costs
	@exec $(PYTHON) -m bench $(if $(SIZE),--size $(SIZE) --only growth) $(ARGS)

faults: $(VENV)/dev ## The fault tests, with more rounds and longer faults than make test has
	@FAULT_ROUNDS=$${FAULT_ROUNDS:-20} OUTAGE_SECONDS="$${OUTAGE_SECONDS:-3 30}" \
	MAIL_AWAY_SECONDS=$${MAIL_AWAY_SECONDS:-60} DISK_FULL_SECONDS=$${DISK_FULL_SECONDS:-20} \
	CLOCK_STEPS="$${CLOCK_STEPS:-1 0 -1 0}" CLOCK_STEP_SECONDS=$${CLOCK_STEP_SECONDS:-12} \
	RELOADS=$${RELOADS:-10} MIGRATION_ROUNDS=$${MIGRATION_ROUNDS:-5} \
		$(PYTHON) -m pytest -m faults -s $(ARGS)

lighthouse: $(VENV)/dev ## Lighthouse over the main pages, in a table; RUNS=5
	@sh scripts/chromium.sh
	@exec $(PYTHON) -m tests.browser.lighthouse $(ARGS)

screenshots: $(VENV)/dev ## Pictures of the main pages into docs/
	@sh scripts/chromium.sh
	@exec $(PYTHON) -m tests.browser.screenshots $(ARGS)

messages: $(VENV)/dev ## Collect the texts to translate into locale/
	@PATH="$(CURDIR)/$(VENV)/bin:$$PATH" sh scripts/messages.sh

requirements: $(VENV)/dev ## Pin what pyproject.toml asks for, with hashes
	@PATH="$(CURDIR)/$(VENV)/bin:$$PATH" sh scripts/requirements.sh

clean: ## Remove what was built; data in var/ stays
	rm -rf $(VENV) staticfiles

$(PYTHON):
	@sh scripts/venv.sh $(VENV)

$(VENV)/run: requirements.txt requirements-embedded.txt | $(PYTHON)
	@sh scripts/install.sh $(PYTHON) requirements.txt requirements-embedded.txt
	@touch $@

$(VENV)/dev: requirements-dev.txt $(VENV)/run
	@sh scripts/install.sh $(PYTHON) requirements-dev.txt
	@touch $@
