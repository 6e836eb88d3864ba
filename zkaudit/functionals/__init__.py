"""Public functionals of the predictions: what a claim says."""
