"""The published test: what must be true of any product that turns the calls of an Asterisk into records."""
