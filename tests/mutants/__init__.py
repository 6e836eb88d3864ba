"""Mutation testing of what a verifier runs: small faults, one at a time, that the tests have to notice."""

import os

# The layer of numba that survives a fork, chosen before it is imported.
os.environ["NUMBA_THREADING_LAYER"] = "workqueue"
