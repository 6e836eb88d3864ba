"""The generator of the known answers in `vectors/`, and the tests that hold them against other code.

`python -m tests.vectors` writes them; `vectors/README.md` says what each file means.
"""
