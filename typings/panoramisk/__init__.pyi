"""panoramisk 1.4, as far as bench.peers needs it."""
