"""Mutation testing of what a verifier runs: small faults, one at a time, that the tests have to notice."""
