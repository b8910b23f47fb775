"""Amaranth descriptions of the MAC array, its requantizer and the unit that joins them."""
