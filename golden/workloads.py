"""Matrix products of well-known networks: shapes for benchmarks, no data."""

from dataclasses import dataclass

__all__ = ["NETWORKS", "SMALL", "Layer"]


@dataclass(frozen=True)
class Layer:
    """`count` layers that are each a product of [m, k] by [k, n]; a convolution as its im2col product."""

    name: str
    m: int
    n: int
    k: int
    count: int = 1

    @property
    def macs(self) -> int:
        """Multiplications of one of them."""
        return self.m * self.n * self.k


# Single products, named M x K x N.
SMALL = (
    Layer("64x64x64", 64, 64, 64),
    Layer("128x128x128", 128, 128, 128),
    Layer("1x784x128", 1, 128, 784),
    Layer("32x32x32", 32, 32, 32),
    Layer("17x23x29", 17, 29, 23),
)


def _bottlenecks(stage: int, size: int, width: int, blocks: int) -> tuple[Layer, ...]:
    """A stage of ResNet-50 with `size` x `size` outputs; the first block's 3x3 halves the image, but in stage 1."""
    pixels, name = size * size, f"conv{stage + 1}"
    before, wide = (64, 1) if stage == 1 else (2 * width, 4)
    return (
        Layer(f"{name} first 1x1", pixels * wide, width, before),
        Layer(f"{name} 3x3", pixels, width, 9 * width, blocks),
        Layer(f"{name} 1x1 out", pixels, 4 * width, width, blocks),
        Layer(f"{name} shortcut", pixels, 4 * width, before),
        Layer(f"{name} 1x1 in", pixels, width, 4 * width, blocks - 1),
    )


# Image 224 x 224, batch 1, the stride in the 3x3 convolutions.
RESNET50 = (
    Layer("conv1 7x7", 112 * 112, 64, 3 * 7 * 7),
    *_bottlenecks(1, 56, 64, 3),
    *_bottlenecks(2, 28, 128, 4),
    *_bottlenecks(3, 14, 256, 6),
    *_bottlenecks(4, 7, 512, 3),
    Layer("fc", 1, 1000, 2048),
)

# One encoder layer, 128 tokens, 12 heads of 64.
BERT_BASE = (
    Layer("query, key, value", 128, 768, 768, 3),
    Layer("scores", 128, 128, 64, 12),
    Layer("context", 128, 64, 128, 12),
    Layer("attention output", 128, 768, 768),
    Layer("feed-forward 1", 128, 3072, 768),
    Layer("feed-forward 2", 128, 768, 3072),
)

NETWORKS = {"ResNet-50": RESNET50, "BERT-base layer": BERT_BASE}
