"""The configuration of a generated unit: one frozen dataclass that refuses what cannot be built."""

from dataclasses import dataclass

from amaranth.lib import enum
from amaranth.utils import ceil_log2

__all__ = ["Config", "ConfigError", "Mode", "Multiplier", "ZeroPoints"]


class ConfigError(ValueError):
    """A parameter is out of range or contradicts another; the message is one line."""


class Mode(enum.Enum, shape=3):
    """Requantization modes; the values are the encoding of the `mode` port."""

    F32 = 0
    SINGLE = 1
    DOUBLE = 2
    DOUBLE_UP = 3
    FBGEMM = 4


class ZeroPoints(enum.Enum, shape=1):
    """Where zero points are treated: folded into the bias offline, or subtracted at the array's edge."""

    FOLD = 0
    SUBTRACT = 1


class Multiplier(enum.Enum, shape=2):
    """How a cell multiplies and accumulates: what differs is what synthesis makes of it, not the results."""

    BEHAVIOURAL = 0
    ECP5 = 1
    ECP5_CARRY = 2
    GOWIN = 3


@dataclass(frozen=True, kw_only=True)
class Config:
    """Everything that distinguishes one generated unit from another.

    Parameters
    ----------
    rows, cols : 1 to 64
        Cells of the array: activations enter along rows, output channels are columns.
    depth : 1 to 64
        Products that each cell sums in a cycle.
    act_width, weight_width : 2 to 8 bits
    acc_width : up to 32 bits
        Accumulator; a narrower one lowers `k_bound`.
    k_max : 1 to `k_bound`
        Longest sum that the user will ask for; ``None`` means `k_bound`.
    zero_points
        `FOLD`: signed operands, zero points prepared in the bias. `SUBTRACT`: operands one bit
        wider, signed or unsigned and with zero points chosen at run time.
    modes
        Requantization modes to build; more than one adds a `mode` port. Empty: raw output only.
    requant_lanes
        Requantizers; divides `cols`. ``None`` means one for each column.
    raw_output
        Adds a stream of int32 accumulators (bias included).
    multiplier
        `BEHAVIOURAL`: for any technology, mapped by synthesis. The others are made of the cells of
        one FPGA family, and simulation reads equal modules without them. `ECP5`: a DSP block of
        Lattice ECP5 with its registers for each product, carry cells for the sum. `ECP5_CARRY`:
        carry cells for products too; requantizers keep the DSP blocks. `GOWIN`: with depth 1 a
        DSP block of Gowin that holds the accumulator too; otherwise, and in requantizers, as
        `BEHAVIOURAL`.
    fanout : 1 to 64
        Columns that share a register of activations: fewer registers and fewer cycles of skew, but
        longer wires.

    Raises
    ------
    ConfigError
        With what must hold and what was given.
    """

    rows: int = 8
    cols: int = 8
    depth: int = 1
    act_width: int = 8
    weight_width: int = 8
    acc_width: int = 32
    k_max: int | None = None
    zero_points: ZeroPoints = ZeroPoints.FOLD
    modes: tuple[Mode, ...] = (Mode.F32,)
    requant_lanes: int | None = None
    raw_output: bool = False
    multiplier: Multiplier = Multiplier.BEHAVIOURAL
    fanout: int = 8

    def __post_init__(self) -> None:
        for name, low, high in (
            ("rows", 1, 64), ("cols", 1, 64), ("depth", 1, 64),
            ("act_width", 2, 8), ("weight_width", 2, 8), ("acc_width", 4, 32),
            ("fanout", 1, 64),
        ):
            require_integer(name, getattr(self, name), low, high)
        lanes = self.cols if self.requant_lanes is None else self.requant_lanes
        require_integer("requant_lanes", lanes, 1, self.cols)
        if self.cols % lanes:
            raise ConfigError(f"requant_lanes must divide cols ({self.cols}), not be {lanes}")
        object.__setattr__(self, "requant_lanes", lanes)
        if not isinstance(self.zero_points, ZeroPoints):
            raise ConfigError(f"zero_points must be a ZeroPoints, not {self.zero_points!r}")
        if not isinstance(self.multiplier, Multiplier):
            raise ConfigError(f"multiplier must be a Multiplier, not {self.multiplier!r}")
        if not isinstance(self.raw_output, bool):
            raise ConfigError(f"raw_output must be True or False, not {self.raw_output!r}")
        self._check_modes()
        self._check_k()

    def _check_modes(self) -> None:
        if not isinstance(self.modes, tuple) or not all(isinstance(mode, Mode) for mode in self.modes):
            raise ConfigError(f"modes must be a tuple of Mode, not {self.modes!r}")
        if len(set(self.modes)) != len(self.modes):
            raise ConfigError(f"modes must be distinct, not {[mode.name for mode in self.modes]}")
        if not self.modes and not self.raw_output:
            raise ConfigError("modes must not be empty unless raw_output is set: nothing would leave the unit")
        # One order whatever the caller's, so that equal units have equal text.
        object.__setattr__(self, "modes", tuple(sorted(self.modes, key=lambda mode: mode.value)))

    def _check_k(self) -> None:
        if self.k_bound < self.depth:
            raise ConfigError(
                f"acc_width must hold at least one wave of depth {self.depth} with operands of "
                f"{self.a_width} and {self.w_width} bits (a sum of {self.k_bound} products fits), "
                f"not be {self.acc_width}")
        if self.k_max is None:
            object.__setattr__(self, "k_max", self.k_bound)
        require_integer("k_max", self.k_max, 1, self.k_bound, f" (the sum must fit acc_width {self.acc_width})")

    @property
    def subtract(self) -> bool:
        """Whether operands meet their zero points at the array's edge."""
        return self.zero_points is ZeroPoints.SUBTRACT

    @property
    def a_width(self) -> int:
        """Bits of a signed activation operand inside the array."""
        return self.act_width + self.subtract

    @property
    def w_width(self) -> int:
        """Bits of a signed weight operand inside the array."""
        return self.weight_width + self.subtract

    @property
    def k_bound(self) -> int:
        """Longest sum of products that cannot overflow: floor((2^(acc_width-1) - 1) / max|a*w|)."""
        if self.subtract:
            largest = (2**self.act_width - 1) * (2**self.weight_width - 1)
        else:
            largest = 2 ** (self.act_width - 1) * 2 ** (self.weight_width - 1)
        return (2 ** (self.acc_width - 1) - 1) // largest

    @property
    def last_skew(self) -> int:
        """Cycles that the last column is behind the first."""
        return self.skew(self.cols - 1)

    def skew(self, col: int) -> int:
        """Cycles that column `col` is behind column 0."""
        return col // self.fanout

    @property
    def groups(self) -> int:
        """Columns that share one requantizer."""
        return self.cols // (self.requant_lanes or self.cols)

    @property
    def group_width(self) -> int:
        """Bits that number the columns of one requantizer; 0 where it has one."""
        return ceil_log2(self.groups)

    @property
    def drain_interval(self) -> int:
        """Fewest cycles between the `last` waves of two tiles: rows * cols / requant_lanes."""
        return self.rows * self.groups

    @property
    def float_modes(self) -> tuple[Mode, ...]:
        """The built modes that multiply by a float32."""
        return tuple(mode for mode in self.modes if mode in (Mode.F32, Mode.FBGEMM))

    @property
    def fixed_modes(self) -> tuple[Mode, ...]:
        """The built modes that multiply by an integer and shift."""
        return tuple(mode for mode in self.modes if mode not in self.float_modes)

    @property
    def selectable(self) -> bool:
        """Whether a `mode` port chooses among several modes."""
        return len(self.modes) > 1

    @property
    def name(self) -> str:
        """Rows, columns and depth as they appear in module names."""
        return f"{self.rows}x{self.cols}x{self.depth}"


def require_integer(name: str, value: object, low: int, high: int, why: str = "") -> None:
    """Refuse a `value` that is not an integer from `low` to `high`; `why` explains the bound."""
    if type(value) is not int or not low <= value <= high:
        raise ConfigError(f"{name} must be an integer from {low} to {high}{why}, not {value!r}")
