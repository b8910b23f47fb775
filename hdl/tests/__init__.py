"""Tests of what needs no simulator: the configuration."""
