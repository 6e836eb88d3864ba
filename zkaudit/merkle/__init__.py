"""Merkle trees over the columns of a code word: leaves, openings, and proof of work on the same hash."""
