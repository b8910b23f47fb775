"""The registers of an engine: the one description from which hardware, header, drivers and documents are made."""

from dataclasses import dataclass

from amaranth.lib import enum

from hdl.config import Mode
from hdl.engine_config import EngineConfig

__all__ = ["Access", "Field", "Register", "error_names", "registers"]

IDENTIFICATION = int.from_bytes(b"MACW", "big")
VERSION = (0, 2, 0)


class Access(enum.Enum):
    """What software may do with a register; anything else is answered by SLVERR."""

    RO = 0      # read
    RW = 1      # read and write
    WO = 2      # write: each bit written as 1 is a command; reads as 0
    W1C = 3     # read; each bit written as 1 is cleared


@dataclass(frozen=True)
class Field:
    """Bits `low` to ``low + width - 1`` of a register."""

    name: str
    low: int
    width: int
    text: str


@dataclass(frozen=True)
class Register:
    """A 32-bit register at byte address `offset`; a register without fields is one number."""

    name: str
    offset: int
    access: Access
    text: str
    fields: tuple[Field, ...] = ()
    reset: int = 0
    signed: bool = False


def bits(*names_and_texts: tuple[str, str]) -> tuple[Field, ...]:
    """Fields of one bit each, from bit 0 up."""
    return tuple(Field(name, index, 1, text) for index, (name, text) in enumerate(names_and_texts))


CONTROL = bits(
    ("START", "check the job that M to HIGH describe; take it, or refuse it with ERROR bits"),
    ("ABORT", "cancel all jobs"),
    ("RESET", "put everything but the bus interface into its state after reset, packets that are owed included"),
    ("CLEAR", "set the counters to 0"),
)

STATUS = bits(
    ("BUSY", "a job is not finished, or packets of cancelled jobs are still being discarded"),
    ("READY", "START would be heard: one of two job places is free and nothing is being cancelled"),
    ("CANCELLING", "packets of cancelled jobs are being discarded or closed"),
)

EVENT = bits(
    ("DONE", "a job's last output has left"),
    ("CANCELLED", "all packets of cancelled jobs are discarded: the engine is as after reset"),
    ("REFUSED", "a START was refused; ERROR says why"),
    ("SATURATED", "the clamp changed an output"),
)

# A START with one of these is refused; nothing has happened.
SETTING_ERRORS = (
    ("M_RANGE", "M is not from 1 to 2^24 - 1"),
    ("N_RANGE", "N is not from 1 to N_MAX (int32 output: RAW_N_MAX)"),
    ("K_RANGE", "K is not from 1 to K_MAX"),
    ("WEIGHTS_SIZE", "ceil(N / cols) * ceil(K / depth) is more than WEIGHT_BEATS"),
    ("MODE_RANGE", "MODE is not built"),
    ("FORMAT_RANGE", "FORMAT asks for what is not built, or has reserved bits set"),
    ("A_ZERO_POINT_RANGE", "A_ZERO_POINT is not a value of the activations, or not 0 where zero points are folded"),
    ("OUTPUT_RANGE", "not LOW <= HIGH with ZERO_POINT, LOW and HIGH all int8 or all uint8"),
    ("QUEUE_FULL", "START while READY was 0"),
)
# These cancel all jobs.
STREAM_ERRORS = tuple(
    (f"{stream.upper()}_{what}", f"{stream}: {text}")
    for stream in ("activations", "weights", "channels")
    for what, text in (
        ("EARLY", "tlast before the end of the job's data"),
        ("LATE", "no tlast at the end of the job's data"),
        ("KEEP", "tkeep is not all ones, or at the end not the bytes that are left"),
    ))
# These tell that results mean nothing; the job ends as usual.
DATA_ERRORS = (
    ("CHANNEL_RANGE", "a shift, multiplier, scale or float bias is illegal"),
    ("OPERAND_RANGE", "an operand does not fit act_width or weight_width"),
)
ERROR = bits(*SETTING_ERRORS, *STREAM_ERRORS, *DATA_ERRORS)

FORMAT = bits(
    ("RAW", "output int32 accumulators with int32 bias (built for FBGEMM alone: without) instead of requantized bytes; "
            "ZERO_POINT, LOW and HIGH are not used"),
    ("A_UNSIGNED", "activations and their zero point are unsigned (with zero points subtracted)"),
    ("W_UNSIGNED", "weights and their zero points are unsigned (with zero points subtracted)"),
)

# Counters of clock cycles: each cycle in which a job is unfinished counts in CYCLES and in exactly one of the others.
CYCLE_COUNTERS = (
    ("CYCLES", "a job is unfinished"),
    ("WAVES", "a wave was read for the array: work"),
    ("WAIT_ACTIVATIONS", "the next wave waits for activations"),
    ("WAIT_WEIGHTS", "the next wave waits for weights"),
    ("WAIT_CHANNELS", "the next wave waits for channel parameters"),
    ("WAIT_OUTPUTS", "a tile's last wave waits for requantizers or for room in the output buffers"),
    ("DRAIN", "no wave is left to read: start, results on their way, job change"),
)


def error_names() -> tuple[str, ...]:
    """Names of the bits of ERROR."""
    return tuple(field.name for field in ERROR)


def registers(config: EngineConfig) -> tuple[Register, ...]:
    """All registers of an engine, by rising offset."""
    k_max = config.k_max or 0
    shape = config.rows | config.cols << 8 | config.depth << 16 | config.channel_bytes << 24
    streams = config.act_bytes | (config.weight_bytes or 0) << 8 | config.out_bytes << 16
    built = sum(1 << mode.value for mode in config.modes) | config.raw_output << 8 | config.subtract << 9
    major, minor, patch = VERSION
    ro, rw = Access.RO, Access.RW
    return (
        Register("ID", 0x00, ro, "\"MACW\" in ASCII", reset=IDENTIFICATION),
        Register("VERSION", 0x04, ro, "of this register map", (
            Field("PATCH", 0, 8, ""), Field("MINOR", 8, 8, ""), Field("MAJOR", 16, 8, "")),
            reset=major << 16 | minor << 8 | patch),
        Register("SHAPE", 0x08, ro, "of the array, and the size of a channel record", (
            Field("ROWS", 0, 8, ""), Field("COLS", 8, 8, ""), Field("DEPTH", 16, 8, ""),
            Field("CHANNEL_BYTES", 24, 8, "")), reset=shape),
        Register("STREAMS", 0x0C, ro, "bytes of each stream in a cycle", (
            Field("ACT_BYTES", 0, 8, ""), Field("WEIGHT_BYTES", 8, 8, ""), Field("OUT_BYTES", 16, 8, "")),
            reset=streams),
        Register("OPTIONS", 0x10, ro, "what is built", (
            Field("MODES", 0, len(Mode), "bit i: MODE i"), Field("RAW_OUTPUT", 8, 1, "int32 output"),
            Field("SUBTRACT", 9, 1, "zero points are subtracted")), reset=built),
        Register("WIDTHS", 0x14, ro, "bits of operands and accumulators", (
            Field("ACT_WIDTH", 0, 8, ""), Field("WEIGHT_WIDTH", 8, 8, ""), Field("ACC_WIDTH", 16, 8, "")),
            reset=config.act_width | config.weight_width << 8 | config.acc_width << 16),
        Register("K_MAX", 0x18, ro, "largest K of a job", reset=k_max),
        Register("N_MAX", 0x1C, ro, "largest N of a job with requantized output", reset=config.n_max),
        Register("RAW_N_MAX", 0x20, ro, "largest N of a job with int32 output", reset=config.raw_n_max),
        Register("WEIGHT_BEATS", 0x24, ro, "largest ceil(N / cols) * ceil(K / depth) of a job",
                 reset=config.weight_beats),
        Register("CONTROL", 0x40, Access.WO, "commands", CONTROL),
        Register("STATUS", 0x44, ro, "what the engine is doing", STATUS, reset=2),
        Register("ERROR", 0x48, Access.W1C, "what went wrong, sticky", ERROR),
        Register("EVENT", 0x4C, Access.W1C, "what happened, sticky", EVENT),
        Register("INTERRUPT_ENABLE", 0x50, rw, "events that raise the interrupt, bits as in EVENT", EVENT),
        Register("M", 0x60, rw, "rows of activations and outputs, 1 to 2^24 - 1"),
        Register("N", 0x64, rw, "output channels"),
        Register("K", 0x68, rw, "length of the sums"),
        Register("MODE", 0x6C, rw, "rounding mode: " + ", ".join(f"{mode.value} {mode.name}" for mode in Mode),
                 reset=config.modes[0].value if config.modes else 0),
        Register("FORMAT", 0x70, rw, "of operands and outputs; other bits must be 0", FORMAT,
                 reset=0 if config.modes else 1),
        Register("A_ZERO_POINT", 0x74, rw, "zero point of the activations (with zero points subtracted)", signed=True),
        Register("ZERO_POINT", 0x78, rw, "zero point of the outputs", signed=True),
        Register("LOW", 0x7C, rw, "lowest output", reset=2**32 - 128, signed=True),
        Register("HIGH", 0x80, rw, "highest output", reset=127, signed=True),
        *(Register(name, 0xA0 + 4 * index, ro, f"cycles: {text}; modulo 2^32")
          for index, (name, text) in enumerate(CYCLE_COUNTERS)),
        Register("JOBS", 0xBC, ro, "finished jobs, modulo 2^32"),
        Register("CLAMPED", 0xC0, ro, "outputs that the clamp changed; stays at 2^32 - 1"),
    )
