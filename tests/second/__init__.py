"""A second verifier in plain integers, written from `docs/protocol.md` alone: it shares no code with the first.

Each module follows the sections that it names, in their order; a difference between the two verifiers is a bug in
one of them or in the text.
"""
