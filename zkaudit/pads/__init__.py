"""The pad oracle: one-time pads of every message, and the proof that the verifier's equations hold for them."""
