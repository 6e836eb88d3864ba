"""Linear relations, all at the one sample point of the lookup argument."""
