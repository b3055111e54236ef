# make demo    the whole report on a real output layer, in a page you can open
# make test    the tests
# make lint    ruff and mypy
# make docs    the documentation, warnings as errors
#
# VENV=...     puts the virtual environment elsewhere      PYTHON=...  names the interpreter that makes it
# HEAD=...     another head for the demo                   ARGS=...    goes to pytest: make test ARGS="-k rank"

VENV ?= .venv
HEAD ?= ppocr-v4
export VENV PYTHON
run = "$(VENV)/bin/python" -m

.PHONY: help demo test lint docs

help:
	@sed -n 's/^# //p' Makefile

demo:
	@sh tools/venv.sh onnx
	@$(run) rankkit datasets fetch $(HEAD)
	@$(run) rankkit report $(HEAD)

test:
	@sh tools/venv.sh test
	@$(run) pytest $(ARGS)

lint:
	@sh tools/venv.sh dev
	@$(run) ruff check .
	@$(run) ruff format --check .
	@$(run) mypy

docs:
	@sh tools/venv.sh docs
	@$(run) sphinx -q -n -W --keep-going -b html docs docs/_build/html
	@echo "The documentation is at $(CURDIR)/docs/_build/html/index.html"
