"""The sumcheck protocol: the sum of a polynomial over a hypercube, reduced to one value of it."""
