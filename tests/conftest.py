"""Settings of the whole suite, made before numpy is imported."""

import os

from hypothesis import HealthCheck, settings

# The products of these tests are small, and threads of the matrix library cost more than they give.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

# A loaded machine is no failure: speed is measured in benchmarks/, never in a test.
settings.register_profile("suite", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("suite")
