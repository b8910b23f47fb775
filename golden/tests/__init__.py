"""Tests of the golden model; each compares it with an independent computation."""
