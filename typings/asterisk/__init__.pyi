"""asterisk-ami 0.1.7 and pyst2 0.5.1 share this package; here is the part of them that we use."""
