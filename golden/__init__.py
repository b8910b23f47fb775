"""The golden model: what is right, in NumPy only.

Every function here says what a quantized matrix product must be, bit for bit, in the shape of the equation
that defines it.  Nothing is approximate and nothing is taken from the hardware, so that the two can be
compared and a difference means a mistake in one of them.
"""
