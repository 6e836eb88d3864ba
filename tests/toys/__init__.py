"""The masks of the protocol over a prime field so small that all their randomness can be enumerated.

The formulas are written again here, over any prime field; `tests.test_toys` holds them against the real code.
"""
