"""`make waves`: every signal of the saved views is in the recording, and shows the product."""

import re

import pytest

from tb.waves import VIEW, make_waves

TOP = "mac_unit_2x2x1"


class Recorded:
    """What a VCD file declares and what its signals hold over time."""

    def __init__(self, text):
        self.codes: dict[str, str] = {}
        self.ranges: dict[str, str] = {}
        self.changes: dict[str, list[str]] = {}
        scope: list[str] = []
        head, _, body = text.partition("$enddefinitions $end\n")
        for words in (line.split() for line in head.splitlines()):
            if words[:1] == ["$scope"]:
                scope.append(words[2])
            elif words[:1] == ["$upscope"]:
                scope.pop()
            elif words[:1] == ["$var"]:
                name = ".".join([*scope, words[4]])
                self.codes[name] = words[3]
                self.ranges[name] = words[5] if words[5] != "$end" else ""
        assert scope == []
        for value, code in re.findall(r"^(?:b([01xz]+) |[01xz](?=\S))(\S+)$", body, re.MULTILINE):
            self.changes.setdefault(code, []).append(value)

    def numbers(self, name):
        """The values of a vector in order of time, as two's complement, without the unknown ones."""
        high, low = map(int, self.ranges[name].strip("[]").split(":"))
        modulus = 1 << (high - low + 1)
        bits = [value for value in self.changes[self.codes[name]] if set(value) <= {"0", "1"}]
        return [number - modulus * (2 * number >= modulus) for number in (int(value, 2) for value in bits)]


@pytest.fixture(scope="module")
def waves(tmp_path_factory):
    """The recording, and both views as lists of lines."""
    files = make_waves(tmp_path_factory.mktemp("waves"))
    assert [path.name for path in files] == ["wavefront.vcd", "wavefront.gtkw", "wavefront.sucl"]
    recording, gtkwave, surfer = (path.read_text() for path in files)
    return Recorded(recording), gtkwave.splitlines(), surfer.splitlines()


def test_waves_accumulators_reach_the_product(waves):
    # [[1, 2], [3, 4]] @ [[5, 6], [7, 8]], each sum in the cell of its row and column.
    steps = {(0, 0): [5, 19], (0, 1): [6, 22], (1, 0): [15, 43], (1, 1): [18, 50]}
    for (r, c), sums in steps.items():
        values = waves[0].numbers(f"{TOP}.datapath.array.row_r{r}.cell_c{c}.acc")
        assert [value for value in values if value] == sums, (r, c)


def test_waves_lanes_show_the_sums_and_their_halves(waves):
    for c, (sums, halves) in enumerate([((19, 43), (10, 22)), ((22, 50), (11, 25))]):
        assert [value for value in waves[0].numbers(f"{TOP}.datapath.lane_{c}.acc") if value] == list(sums)
        results = waves[0].numbers(f"{TOP}.datapath.lane_{c}.y")
        assert [value for value in results if value in halves] == list(halves)


def gtkwave_signals(view):
    """Full names in a GTKWave save file; every one has a short name of its own before it."""
    entries = [line.partition("} ") for line in view if line.startswith("+{")]
    labels = [label for label, _, _ in entries]
    assert len(set(labels)) == len(labels)
    return [name for _, _, name in entries]


def test_waves_gtkwave_view_shows_recorded_signals_only(waves):
    recorded, gtkwave, _ = waves
    shown = gtkwave_signals(gtkwave)
    assert len(shown) == sum(map(len, VIEW.values()))
    for line in shown:
        name, _, bits = line.partition("[")
        assert recorded.ranges[name] == (f"[{bits}" if bits else ""), line
    assert '[dumpfile] "wavefront.vcd"' in gtkwave


def test_waves_surfer_view_shows_recorded_signals_only(waves):
    recorded, gtkwave, surfer = waves
    shown = [line.removeprefix("variable_add ") for line in surfer if line.startswith("variable_add ")]
    assert shown == [name.partition("[")[0] for name in gtkwave_signals(gtkwave)]
    assert all(name in recorded.codes for name in shown)


def test_waves_surfer_view_formats_the_signal_it_has_just_added(waves):
    position, formats = -1, {}
    for command, *words in (line.split() for line in waves[2]):
        if command in ("divider_add", "variable_add"):
            position, last = position + 1, words[0]
        elif command == "item_focus":
            # Letters are digits to the base 26.
            digits = [ord(letter) - ord("a") for letter in reversed(words[0])]
            assert sum(digit * 26**place for place, digit in enumerate(digits)) == position
        elif command == "item_set_format":
            formats[last] = words[0]
    wanted = {"hex": "Hexadecimal", "signed": "Signed"}
    kinds = [kind for entries in VIEW.values() for _, kind in entries if kind in wanted]
    assert list(formats.values()) == [wanted[kind] for kind in kinds]
    assert formats[f"{TOP}.datapath.array.row_r0.cell_c0.acc"] == "Signed"
