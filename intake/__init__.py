"""What a report is, and the desk that works on it."""
