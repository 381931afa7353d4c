"""A real Asterisk 22 with real SIP around it, for tests, tapes and `make pbx`."""
