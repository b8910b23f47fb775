"""Shapes against figures that are published for the networks."""

from golden.workloads import BERT_BASE, NETWORKS, RESNET50, SMALL


def test_resnet50_has_its_layers_weights_and_multiplications():
    assert sum(layer.count for layer in RESNET50) == 53 + 1
    # 25,557,032 parameters, less biases of the last layer and scale and shift of 26,560 channels.
    assert sum(layer.count * layer.n * layer.k for layer in RESNET50) == 25_557_032 - 1000 - 2 * 26_560
    assert sum(layer.count * layer.macs for layer in RESNET50) == 4_089_184_256


def test_bert_layer_has_its_weights():
    weights = sum(layer.count * layer.n * layer.k for layer in BERT_BASE if layer.count != 12)
    assert weights == 12 * 768 * 768
    assert sum(layer.count * layer.macs for layer in BERT_BASE) == 128 * weights + 2 * 128 * 128 * 768


def test_names_are_unique():
    for layers in (SMALL, *NETWORKS.values()):
        assert len({layer.name for layer in layers}) == len(layers)
        assert all(min(layer.m, layer.n, layer.k, layer.count) >= 1 for layer in layers)
