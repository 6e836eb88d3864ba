"""Settings of the whole suite, made before numpy is imported."""

import os

# The products of these tests are small, and threads of the matrix library cost more than they give.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
