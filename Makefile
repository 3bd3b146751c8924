# The front door. `make help` lists it.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help demo demo-kafka test check services-up services-down setup

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: ## Play one night on SQLite and the embedded bus; ONCE=1 ends after it with one line of JSON
	@deploy/setup.sh demo
	@cargo run --package mash-hub --bin mash -- demo $(if $(ONCE),--once)

demo-kafka: ## Play the same night on a real Kafka and a real PostgreSQL, then stop them
	@deploy/setup.sh test
	@cargo xtask services down && rm -rf .mash/demo-kafka
	@trap 'cargo xtask services down' EXIT; \
	cargo xtask services up && set -a && . .mash/test-env && set +a && \
	MASH_BUS="kafka://$$MASH_TEST_KAFKA" MASH_DATABASE_URL="$$MASH_TEST_POSTGRES_URL" \
	cargo run --package mash-hub --bin mash -- demo --once --data .mash/demo-kafka

test: ## Run every check and every test, with a real Kafka and a real PostgreSQL
	@deploy/setup.sh test
	@cargo xtask setup
	@cargo xtask services down
	@trap 'cargo xtask services down' EXIT; cargo xtask services up && cargo xtask check

check: ## The same checks against services that are already up, and left up
	@cargo xtask check

services-up: ## Start a real Kafka and a real PostgreSQL, and write .mash/test-env
	@deploy/setup.sh test
	@cargo xtask services up

services-down: ## Stop them and delete their data
	@cargo xtask services down

setup: ## Install what a fresh Debian machine lacks
	@deploy/setup.sh test
	@cargo xtask setup
