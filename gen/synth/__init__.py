"""How large and how fast a block is on an FPGA, with open tools: ``python -m gen.synth``."""
