"""Fuzzing: the same targets under hypothesis in the test suite and under atheris by `make fuzz`."""
