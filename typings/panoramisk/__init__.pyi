"""panoramisk 1.4, as far as bench.ingest needs it."""
