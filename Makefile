# Everything sets itself up with Python alone; PYTHON chooses which (3.11 or newer).
PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check
# Nothing that is fetched runs code while it is installed, and each file is the one that was locked.
LOCKED := --only-binary :all: --require-hashes -r
TOOLS := .venv-tools/bin
# Which database `make audit` asks: pypi or osv.
ADVISORIES ?= pypi
# What builds an image.
ENGINE ?= docker
# Where what is given out stands; who may sign it, one a line (`man ssh-keygen`, ALLOWED SIGNERS); whose signature is expected.
DIST ?= dist
SIGNERS ?= signers
SIGNER ?= stafett

.PHONY: forum help install demo demo-page demo-fleet test test-quick chaos bench fuzz attack model node-red matrix golden published published-pipedrive check fmt lock wheel image audit sbom kafka postgres tryton handovers connect keycloak screenshots

help: ## this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | expand -t 14

.venv/run.stamp: requirements.lock pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(PIP) $(LOCKED) requirements.lock
	@printf '#!/bin/sh\nPYTHONPATH="%s" exec "%s/$(BIN)/python" -P -m services.cli.main "$$@"\n' \
		"$(CURDIR)" "$(CURDIR)" > $(BIN)/stafett && chmod +x $(BIN)/stafett
	@touch $@

.venv/dev.stamp: requirements-dev.lock pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(PIP) $(LOCKED) requirements-dev.lock
	$(PIP) --no-deps --no-build-isolation -e .
	@touch $@ .venv/run.stamp

install: .venv/run.stamp ## the command .venv/bin/stafett and what it needs, no more

demo: .venv/run.stamp ## the whole process in the terminal, on a temporary file
	$(BIN)/python -m services.cli.main demo

demo-page: .venv/run.stamp ## a month at a made-up company, on the page, until ctrl-c
	$(BIN)/python -m services.cli.main demo --page

demo-fleet: .venv/dev.stamp ## the same on Kafka and PostgreSQL, a process per role, one of them killed
	$(BIN)/python -m tests.parts.demo

# It waits more than it works, so the rest is done beside it; all of them wait, so three at a time keep two cores at work.
LONGEST = tests/e2e/test_tryton_sink.py

test: .venv/dev.stamp ## everything, on real parts
	$(BIN)/python -m pytest -n 2 tests/unit tests/property
	$(BIN)/python -m pytest -n 3 --dist loadfile --no-loadscope-reorder $(LONGEST) tests/contract tests/e2e tests/integration

test-quick: .venv/dev.stamp ## what needs no Kafka, PostgreSQL, Tryton, nginx or Caddy
	$(BIN)/python -m pytest -m "not real"

chaos: .venv/dev.stamp ## a fleet under load, everything killed, then the outside checked; some minutes
	$(BIN)/python -m tests.chaos

bench: .venv/dev.stamp ## what it carries, against a bare baseline in the same run; a quarter of an hour
	$(BIN)/python -m tests.bench

.PHONY: bench-delivery
bench-delivery: .venv/dev.stamp ## webhooks out beside Outpost in one run, with OUTPOST=the folder of its programs; else ours alone
	$(BIN)/python -m tests.bench.deliveries $(if $(OUTPOST),--outpost "$(OUTPOST)") --events 4000

.PHONY: bench-check
bench-check: .venv/dev.stamp ## small rounds of it, their ratios held against the recorded ones of tests/bench: fails where more than a tenth is lost; some minutes
	$(BIN)/python -m tests.bench --quick --check

fuzz: .venv/dev.stamp ## ten minutes of hostile bodies for every kind of source, five that coverage guides, ten of requests to the API
	$(BIN)/python -m tests.fuzz
	$(BIN)/python -m tests.guided
	FUZZ_REQUESTS=400 $(BIN)/python -m pytest --timeout 3600 tests/e2e/test_fuzz.py

attack: .venv/dev.stamp ## what strangers may do to a running Stafett, and what one body of theirs may cost; some minutes
	$(BIN)/python -m tests.attack

node-red: .venv/dev.stamp ## a real Node-RED posts to a running Stafett; needs npm
	$(BIN)/python -m tests.parts.node_red

model: .venv/dev.stamp ## 100,000 signals of random lives, a thousand stories of any order, then a week on 50,000 imported leads: every invariant
	$(BIN)/python -m tests.property.model
	STAFETT_MACHINE=1000 $(BIN)/python -m pytest --timeout 3600 tests/property/test_state_machine.py
	$(BIN)/python -m tests.property.week

handovers: .venv/dev.stamp ## two hundred other hand-overs into a real Tryton than those of `make test`, while everything is killed and answers are lost; some minutes
	HANDOVERS=200 HANDOVERS_SEED=2 $(BIN)/python -m pytest -s --timeout 3600 tests/e2e/test_tryton_sink.py

.PHONY: silence
silence: .venv/dev.stamp ## connections of a fleet die without a word, one way after the other: how long each role stands still; some minutes
	$(BIN)/python -m pytest --timeout 120 tests/silent
	$(BIN)/python -m tests.silent

.PHONY: mishaps
mishaps: .venv/dev.stamp ## a young router killed three times, two fleets on one topic, a full disk and few connections of PostgreSQL; some minutes
	$(BIN)/python -m pytest -s tests/mishaps

.PHONY: failover
failover: .venv/dev.stamp ## PostgreSQL's primary is killed under load and its standby promoted, there and back; some minutes
	$(BIN)/python -m tests.maintenance failover

.PHONY: failover-lagging
failover-lagging: .venv/dev.stamp ## the same with a standby that lags: routers stop until the epoch was raised; some minutes
	$(BIN)/python -m tests.maintenance failover-lagging

.PHONY: keys
keys: .venv/dev.stamp ## keys of senders, receivers and the API are replaced under load; some minutes
	$(BIN)/python -m tests.maintenance keys

.PHONY: versions
versions: .venv/dev.stamp ## a fleet of the version before is upgraded under load, process by process; needs the history of git; some minutes
	$(BIN)/python -m tests.maintenance versions

.PHONY: brokers
brokers: .venv/dev.stamp ## three brokers of Kafka under load: each restarted, then each replaced by an empty one; some minutes
	$(BIN)/python -m tests.maintenance brokers

.PHONY: rotations
rotations: .venv/dev.stamp ## certificates are changed under load, from one authority to another; needs Debian's package postgresql, whose server speaks TLS; some minutes
	$(BIN)/python -m tests.maintenance certificates

.PHONY: erasures
erasures: .venv/dev.stamp ## 100 of 5,000 people erased under load on both set-ups, every table and file scanned, history decided again; half an hour
	ERASURE_PEOPLE=5000 ERASURES=100 $(BIN)/python -m pytest -s --timeout 7200 tests/e2e/test_erasure_of_many.py

connect: .venv/dev.stamp ## a real Kafka Connect takes the events into a file with deploy/kafka/connect, is killed and goes on; a minute
	$(BIN)/python -m pytest -s --timeout 600 tests/connect

.PHONY: traces
traces: .venv/dev.stamp ## a real OpenTelemetry Collector takes the trace of a webhook; built once by Go, some minutes, then seconds
	$(BIN)/python -m pytest -s --timeout 1800 tests/traces

keycloak: .venv/dev.stamp ## people sign in with a real Keycloak, which is fetched once (160 MB); a minute
	$(BIN)/python -m pytest -s --timeout 600 tests/keycloak

matrix: .venv/dev.stamp ## docs/sources/facts.md: which fact is read of which kind of source, by reading bodies of each
	$(BIN)/python -m tests.matrix -v

forum: .venv/dev.stamp ## the figures of a simulated quarter of 50,000 leads, computed through a store and counted again by another way
	$(BIN)/python -m tests.forum_twice 50000

.PHONY: watchers
watchers: .venv/dev.stamp ## what 50 open pages cost while 200 leads wait and forms come in: delays, processor, memory; a minute
	$(BIN)/python -m tests.watchers

.PHONY: million
million: .venv/dev.stamp ## the first view of each screen at a million leads in PostgreSQL, and how each question is read; 12 GB of disk for a while
	$(BIN)/python -m tests.many_leads

golden: .venv/dev.stamp ## tests/golden: the events that each set-up has to give, the records that bodies become, and the forum's report, byte for byte
	$(BIN)/python -m tests.golden_story
	$(BIN)/python -m tests.golden_records
	$(BIN)/python -m tests.golden_report

published: .venv/dev.stamp ## the stand-ins' requests held against the vendor's own OpenAPI files, where you have some: FILES=directory
	STAFETT_TEST_PUBLISHED="$(FILES)" $(BIN)/python -m pytest tests/unit/parts tests/integration/test_vendor_stand_ins.py \
		tests/unit/services/sinks/vendors/test_hubspot.py tests/unit/services/sinks/platforms/test_hubspot_lists.py \
		tests/integration/test_hubspot_sink.py

PIPEDRIVE_CLIENT = 33.7.0

published-pipedrive: .venv/dev.stamp ## the stand-in's requests held against the models of Pipedrive's own client, which npm fetches
	mkdir -p dist/pipedrive && cd dist/pipedrive && npm pack --silent pipedrive@$(PIPEDRIVE_CLIENT) && tar xzf pipedrive-$(PIPEDRIVE_CLIENT).tgz
	STAFETT_TEST_PIPEDRIVE="$(CURDIR)/dist/pipedrive/package" $(BIN)/python -m pytest tests/unit/services/sinks/vendors/test_pipedrive.py \
		tests/integration/test_vendor_sinks.py -k pipedrive

screenshots: .venv/dev.stamp ## dist/screenshots: every screen in both languages, wide, narrow and dark, by a real browser; and docs/pictures, of the demo's month
	STAFETT_SCREENSHOTS=dist/screenshots $(BIN)/python -m pytest tests/integration/test_page_in_browser.py
	$(BIN)/python -m tests.pictures dist/screenshots

check: .venv/dev.stamp ## format, lint, types, layers
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

fmt: .venv/dev.stamp ## format and repair what can be
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

kafka: .venv/dev.stamp ## Apache Kafka for development, until ctrl-c
	$(BIN)/python -m tests.parts kafka

postgres: .venv/dev.stamp ## PostgreSQL for development, until ctrl-c
	$(BIN)/python -m tests.parts postgres

tryton: .venv/dev.stamp ## Tryton, a CRM, for development, until ctrl-c; the first time takes a minute
	$(BIN)/python -m tests.parts tryton

wheel: .venv/dev.stamp ## dist/*.whl
	$(BIN)/python -m build --wheel --no-isolation

image: wheel ## a container image `stafett:latest`; needs an engine (docker, or podman as ENGINE=podman)
	$(ENGINE) build -f deploy/container/Dockerfile -t stafett:latest .

.venv-tools/stamp: requirements-tools.lock
	test -x $(TOOLS)/python || $(PYTHON) -m venv .venv-tools
	$(TOOLS)/python -m pip install --quiet --disable-pip-version-check $(LOCKED) requirements-tools.lock
	@touch $@

audit: .venv-tools/stamp ## known weaknesses of what is locked; fails where the database cannot be asked or knows a package not
	$(TOOLS)/pip-audit --strict --require-hashes --disable-pip --progress-spinner off --vulnerability-service $(ADVISORIES) \
		-r requirements.lock

sbom: .venv-tools/stamp ## dist/stafett.cdx.json: what it runs with, as CycloneDX, from the lock
	mkdir -p dist
	$(TOOLS)/python -W ignore -m cyclonedx_py requirements requirements.lock --pyproject pyproject.toml --mc-type application \
		--output-reproducible --of JSON -o dist/stafett.cdx.json

.PHONY: digests sign verify
digests: wheel sbom ## dist/SHA256SUMS of the wheel and of what is in it
	cd $(DIST) && sha256sum stafett-*.whl stafett.cdx.json > SHA256SUMS

sign: digests ## dist/SHA256SUMS.sig, by an SSH key (KEY=file, one on a token too)
	ssh-keygen -Y sign -q -f "$(KEY)" -n stafett-release $(DIST)/SHA256SUMS

verify: ## whether the wheel is what SIGNER signed, of those that the file SIGNERS lists
	ssh-keygen -Y verify -q -f "$(SIGNERS)" -I "$(SIGNER)" -n stafett-release -s $(DIST)/SHA256SUMS.sig < $(DIST)/SHA256SUMS
	cd $(DIST) && sha256sum --check --strict --quiet SHA256SUMS

LOCK = $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-emit-find-links --no-header --no-annotate
lock: .venv/dev.stamp ## choose the newest versions that pyproject.toml allows
	$(LOCK) --upgrade pyproject.toml -o requirements.lock
	$(LOCK) --upgrade pyproject.toml --group dev -c requirements.lock -o requirements-dev.lock
	$(LOCK) --upgrade --group pyproject.toml:tools -o requirements-tools.lock
	$(LOCK) --upgrade --group pyproject.toml:tryton -o tests/parts/tryton.lock
	$(LOCK) --upgrade --group pyproject.toml:synapse -o tests/parts/synapse.lock
	$(LOCK) --upgrade --group pyproject.toml:kit -o tests/parts/kit.lock
