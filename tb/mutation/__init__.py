"""Mistakes made in the emitted hardware by a program, and the tests that find them."""
