"""The configuration of a generated engine: a unit's, and the sizes of its buffers and streams."""

from dataclasses import dataclass

from amaranth.utils import ceil_log2

from hdl.config import Config, ConfigError, require_integer

__all__ = ["EngineConfig"]

# Widest stream: 1024 bits, as wide as the common AXI direct memory access cores go.
STREAM_BYTES_MAX = 128


@dataclass(frozen=True, kw_only=True)
class EngineConfig(Config):
    """Parameters of a unit, and those of the engine around it.

    Every buffer below is built twice, so that the next panel or job is loaded while one computes.

    Parameters
    ----------
    depth : 1, 2, 4, ... 64
        As in a unit, but a power of two: operands come from streams of bytes.
    k_max : 1 to the unit's bound
        Longest sum of a job; a panel of activations takes ``rows * k_max`` operands. ``None`` means
        1024, or the bound where that is less.
    n_max : 1 to 65536
        Most output channels of a job: its channel parameters, and a panel of ``rows * n_max`` output
        bytes. A job with int32 output has at most `raw_n_max`.
    weight_beats : 1 to 2^20
        Beats of ``cols * depth`` weights of a job: ``ceil(N / cols) * ceil(K / depth)`` at most.
    act_bytes, weight_bytes, out_bytes : powers of two, 1 to 128
        Bytes that the streams move in a cycle. A beat of weights takes whole words of its stream, so
        `weight_bytes` must not exceed ``cols * depth`` rounded up to a power of two; that is its
        default.

    Raises
    ------
    ConfigError
        With what must hold and what was given.
    """

    n_max: int = 1024
    weight_beats: int = 4096
    act_bytes: int = 16
    weight_bytes: int | None = None
    out_bytes: int = 16

    def __post_init__(self) -> None:
        default_k = self.k_max is None
        super().__post_init__()
        if default_k:
            object.__setattr__(self, "k_max", min(1024, self.k_bound))
        if self.depth & (self.depth - 1):
            raise ConfigError(f"depth must be a power of two for an engine, not {self.depth}")
        require_integer("n_max", self.n_max, 1, 65536)
        require_integer("weight_beats", self.weight_beats, 1, 2**20)
        widest = min(1 << ceil_log2(self.cols * self.depth), STREAM_BYTES_MAX)
        if self.weight_bytes is None:
            object.__setattr__(self, "weight_bytes", widest)
        for name, high, why in (
            ("act_bytes", STREAM_BYTES_MAX, ""), ("out_bytes", STREAM_BYTES_MAX, ""),
            ("weight_bytes", widest, " (one beat of cols * depth weights)"),
        ):
            value = getattr(self, name)
            require_integer(name, value, 1, high, why)
            if value & (value - 1):
                raise ConfigError(f"{name} must be a power of two, not {value}")

    @property
    def sets(self) -> int:
        """Channel sets, of `cols` channels each, that a job may have: ceil(n_max / cols)."""
        return -(-self.n_max // self.cols)

    @property
    def raw_n_max(self) -> int:
        """Most output channels of a job with int32 output; 0 without `raw_output`."""
        return max(self.n_max // 4, 1) if self.raw_output else 0

    @property
    def weight_words(self) -> int:
        """Words of the weight stream in a beat of weights."""
        return -(-self.cols * self.depth // (self.weight_bytes or 1))

    @property
    def channel_bytes(self) -> int:
        """Bytes of the channel stream: one record of bias and multiplier, and where needed shift and zero point."""
        return 16 if self.fixed_modes or self.subtract else 8
