"""The Python driver and AXI DMA cores: registers, errors, buffers."""

import numpy as np
import pytest

from gen.driver.mac_engine import AxiDma, EngineError, map_registers
from tb.bus_model import Memory
from tb.driver_bench import CONFIGURATIONS, Bench, job_of, works
from tb.run import seed


@pytest.fixture
def rng():
    return np.random.default_rng(seed())


def test_transfer_is_started_as_the_product_guide_says(rng):
    bench = Bench("mapped", CONFIGURATIONS["fold-all-raw"])
    for core in bench.cores:
        core.writes.clear()
    bench.engine.start(job_of(bench, rng))
    low = [buffer.physical_address & 0xFFFFFFFF for buffer in bench.memory.buffers]
    # The outputs are expected first; the high halves of addresses are written, and the lengths last.
    assert bench.cores[0].writes == [
        (0x30, 1), (0x48, low[0]), (0x4C, 8), (0x58, 48), (0x00, 1), (0x18, low[1]), (0x1C, 8), (0x28, 28)]
    assert bench.cores[1].writes == [(0x00, 1), (0x18, low[2]), (0x1C, 8), (0x28, 32)]
    bench.engine.wait()
    assert (0x34, 1 << 12) in bench.cores[0].writes and (0x04, 1 << 12) in bench.cores[0].writes


@pytest.mark.parametrize("core", [0, 1, 2])
def test_error_of_a_dma_core_is_raised_and_it_is_reset(core, rng):
    bench = Bench("mapped", CONFIGURATIONS["fold-all-raw"])
    works(bench, rng)
    bench.cores[core].fail = True
    with pytest.raises(EngineError, match=r"DMA that (sends|receives): DMASlvErr"):
        works(bench, rng)
    assert (0x30 if core == 0 else 0x00, 1 << 2) in bench.cores[core].writes
    works(bench, rng)


def test_address_that_is_no_memory_is_reported(rng):
    bench = Bench("mapped", CONFIGURATIONS["fold-all-raw"])
    bench.memory.base += 1 << 32            # buffers are where the memory is not
    bench.memory.allocate(1)
    for buffer in bench.memory.buffers:
        buffer.physical_address -= 1 << 32
    allocate = bench.memory.allocate
    def moved(size):
        buffer = allocate(size)
        buffer.physical_address -= 1 << 32
        return buffer
    for channel in bench.engine.bus._all():
        channel._allocate = moved
    with pytest.raises(EngineError, match="DMA that receives: DMADecErr"):
        works(bench, rng)


def test_bus_knows_whether_every_packet_has_left(rng):
    bench = Bench("mapped", CONFIGURATIONS["fold-all-raw"])
    bus = bench.engine.bus
    for _ in range(2):
        bus.send("weights", np.zeros(64, np.uint8))
    assert not bus.sent()
    for _ in range(2):
        bench.model.offered["weights"].popleft()
        sent = [bus.sent() for _ in range(3)]
    assert sent[-1]


def test_buffers_are_used_again(rng):
    bench = Bench("mapped", CONFIGURATIONS["fold-all-raw"])
    for _ in range(20):
        works(bench, rng)
    assert len(bench.memory.buffers) <= 4 * 3


def test_core_that_does_not_leave_reset_is_reported():
    class Dead:
        def __getitem__(self, index):
            return 0x4

        def __setitem__(self, index, value):
            pass

    channel = AxiDma(Dead(), "send", Memory().allocate)
    with pytest.raises(EngineError, match="end of reset of a DMA must come: register 0x00 is 0x00000004"):
        channel.reset()


@pytest.mark.parametrize("arguments, options, message", [
    (("sideways",), {}, "direction must be 'send' or 'receive', not 'sideways'"),
    (("send",), {"length_width": 27}, "length_width must be from 8 to 26, not 27"),
])
def test_wrong_channels_are_refused(arguments, options, message):
    with pytest.raises(ValueError, match=message):
        AxiDma([], *arguments, Memory().allocate, **options)


def test_packet_that_does_not_fit_the_length_register_is_refused():
    channel = AxiDma([], "send", Memory().allocate, length_width=8)
    with pytest.raises(ValueError, match="packet must have 1 to 255 bytes, not 256"):
        channel.send(np.zeros(256, np.uint8))


def test_registers_are_mapped_as_words(tmp_path):
    path = tmp_path / "mem"
    path.write_bytes(bytes(range(256)) * 64)
    words = map_registers(path, 0x1000, 0x1000)
    assert words.shape == (1024,) and words[1] == 0x07060504
    words[2] = 0x12345678
    assert path.read_bytes()[0x1008:0x100C] == b"\x78\x56\x34\x12"
