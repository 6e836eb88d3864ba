"""The simulator of docs/zero-knowledge.md: proofs from a statement alone, accepted under an oracle that it programs."""
