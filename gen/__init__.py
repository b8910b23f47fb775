"""From a configuration to files: Verilog, its JSON description and a file list."""
