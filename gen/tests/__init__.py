"""Tests of the generator: text and files, without a simulator."""
