"""Proofs about the emitted Verilog, for all inputs and, where it says so, for all time."""
