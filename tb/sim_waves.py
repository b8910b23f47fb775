"""One 2 x 2 product with K = 2, small enough to follow every number in a wave viewer."""

import cocotb
import numpy as np

from golden.linear import QuantizedLinear
from tb.sim_bench import check, generator
from tb.sim_driver import Product, UnitDriver

A = np.array([[1, 2], [3, 4]], np.int8)
W = np.array([[5, 6], [7, 8]], np.int8)


@cocotb.test()
async def two_by_two_product_leaves_the_unit(dut):
    """[[1, 2], [3, 4]] @ [[5, 6], [7, 8]] = [[19, 22], [43, 50]], halved: [[10, 11], [22, 25]] (9.5, 21.5: to even)."""
    layer = QuantizedLinear(
        weights=W, bias=np.zeros(2, np.int32), a_zp=0, y_zp=0, qmin=-128, qmax=127, mode="F32",
        scale=np.array([0.5, 0.5], np.float32))
    driver = UnitDriver(dut, generator("waves"))
    await driver.start()
    got = await driver.compute(Product(layer, A))
    check(got, [[10, 11], [22, 25]], "outputs")
    await driver.step()
