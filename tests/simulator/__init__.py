"""The simulator of docs/zero-knowledge.md: accepting proofs from a statement alone, under an oracle that it programs."""
