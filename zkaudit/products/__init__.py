"""The batched zero-check: every product relation holds at every cell."""
