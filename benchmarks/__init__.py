"""What `make bench` measures: kernels against a unit, and whole proofs by phase, size and memory."""
