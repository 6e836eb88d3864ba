# Every target works on a fresh clone: the first one creates .venv and installs into it.

PYTHON ?= python3
JOBS ?= 2
# Together they take every branch of what a verifier runs; the rest of the suite takes far longer and adds none.
COVERING := $(addprefix tests/, commitment functionals linear merkle pads products \
	circuits/test_inequality.py circuits/test_pooling.py circuits/test_tally.py \
	field/test_arrays.py field/test_extension.py model/test_architecture.py model/test_graph.py \
	opening/test_opening_claims.py opening/test_static.py reed_solomon/test_domain.py \
	sumcheck/test_sumcheck_verifier.py vectors/test_proofs.py \
	test_imports.py::test_every_public_name_has_a_home \
	$(patsubst %,test_%.py, claim claims constraints dataset documents forged_files guards masking metrics networks \
	parameters proof relation soundness transcript verifier wire))
NOTICING := $(COVERING) $(addprefix tests/, circuits opening reed_solomon vectors lookup/test_leaf_claims.py \
	lookup/test_lookup_ranges.py lookup/test_tree.py model/test_layer_fields.py model/test_windowed_layers.py \
	test_imports.py::test_exported_names_exist test_imports.py::test_public_names_are_imported_on_first_use \
	$(patsubst %,test_%.py, archive atom confidence errors findings layout second_circuits second_verifier statement))
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
DEVELOPED := $(VENV)/.developed

.DELETE_ON_ERROR:
.PHONY: demo test check coverage fuzz mutants vectors bench screenshot pyz clean

demo: $(INSTALLED)  ## the whole path on a real model and real data
	$(BIN)/zkaudit demo --dir demo-output --force

test: $(DEVELOPED)  ## the test suite
	$(BIN)/python -m pytest -n $(JOBS) --dist loadfile

check: $(DEVELOPED)  ## style, types and the test suite, import rules included
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(MAKE) test

coverage: $(DEVELOPED)  ## lines and branches of what a verifier runs; fails below all of them
	$(BIN)/python -m pytest -n $(JOBS) --dist loadfile --cov --cov-report= $(COVERING)
	$(BIN)/python -m coverage report --include="$$($(BIN)/python -m tests.imports)" --fail-under=100

fuzz: $(DEVELOPED)  ## every decoder and the verifier, FUZZ_SECONDS (60) each, guided by coverage
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[fuzz]'
	$(BIN)/python -m tests.fuzz

mutants: $(DEVELOPED)  ## small faults of the verifier, one at a time, that the tests have to notice; hours, or name MODULES
	JOBS=$(JOBS) TESTS="$(NOTICING)" $(BIN)/python -m tests.mutants $(MODULES)

bench: $(INSTALLED)  ## kernel rates, seconds and memory by phase, proof bytes by part
	$(BIN)/python -m benchmarks

screenshot: $(DEVELOPED)  ## docs/images/report.png, from a new audit of the demo's model
	$(BIN)/python -m tests.screenshot docs/images/report.png

pyz: $(DEVELOPED)  ## the verifier in a single file, the same bytes for the same tree
	$(BIN)/python packaging/pyz.py dist/zkaudit-verify.pyz

vectors: $(DEVELOPED)  ## the known answers in vectors/, made again
	$(BIN)/python -m tests.vectors

clean:
	rm -rf $(VENV) demo-output fuzz-findings .coverage build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis

# A stamp is younger than pyproject.toml exactly when its dependencies are installed.
$(INSTALLED): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "zkaudit needs Python 3.11 or newer; set PYTHON to one")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[prove,sign]'
	@touch $@

$(DEVELOPED): $(INSTALLED)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[prove,sign,test,interop,check]'
	@touch $@
