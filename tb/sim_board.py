"""A whole board, from pin to pin: products by the host's script, and who is at the other end."""

import cocotb

from tb.sim_bench import some
from tb.sim_board_session import Session, expect, run
from tb.sim_ports import description


@cocotb.test()
async def board_computes_products_exactly(dut):
    """Products with more outputs than operands, and more panels than the board can hold; as many modes as asked for."""
    def session(it: Session) -> None:
        rows, cols = it.config["rows"], it.config["cols"]
        for mode in some(it.rng, it.config["modes"]):
            it.product(rows + 1, cols + 1, 3, mode)
        it.product(3 * rows + 1, max(cols, 16), 1)
        it.product(1, 1, 1)
        it.special_bytes()
        it.one_call()
        if it.config["raw_output"]:
            it.product(rows + 1, cols + 1, 2, raw=True)
    await run(dut, "board products", session)


@cocotb.test()
async def board_is_told_from_another(dut):
    """A description of other hardware is refused; so is silence."""
    def session(it: Session) -> None:
        other = description()
        (shape,) = (register for register in other["registers"] if register["name"] == "SHAPE")
        shape["reset"] += 1
        expect(it, lambda: it.new_engine(other, it.new_bus(other)), "register SHAPE must be")
        silent = it.new_bus(description(), patience=0.0)
        it.port.write = lambda data: None       # type: ignore[method-assign]
        expect(it, lambda: silent.read(0), "a board must answer")
    await run(dut, "board identity", session)
