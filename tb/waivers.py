"""What no input can reach in the default export (unit 8x8x1, mode F32): reviewed name by name."""

import re

__all__ = ["WAIVERS", "signals"]

# Module, names (of a toggle, a bit or a range of bits; of an expression, its text), reason.
WAIVERS: list[tuple[str, list[str], str]] = [
    ("mac_buffer_outputs", ["node_12[6]", "node_15[6]", "node_16[6]", "node_18[6]", "node_19[6]"],
     "carry of addresses and of a count that end at 48 rows, before 64"),
    ("mac_channels", ["node_8[2]", "node_9[3:2]", "node_10[2]", "node_11[3:2]"],
     "carry and borrow of counts of two sets: none comes without a free place, none is taken that does not wait"),
    ("mac_channels", ["node_16[3]"], "the number of a lane: behind the last one comes the first"),
    ("mac_datapath", ["node_7[6]", "node_8[7:6]"],
     "carry and borrow of the rows claimed: none is claimed beyond the buffer's 48, none returned that was not"),
    ("mac_float_from_int", ["node_4[32]"], "magnitude of an int32: 2^31 at most, which needs 32 bits"),
    ("mac_float_from_int", ["node_6[62:32]", "node_8[46:32]"],
     "what is shifted out is zeros: the shift is by leading zeros that were counted"),
    ("mac_float_from_int", ["choose_90_y[2:1]", "choose_92_y[2]", "choose_94_y[2]", "choose_104_y[1]"],
     "choice between constants that agree in these bits"),
    ("mac_float_from_int", ["node_8[0]", "s3_value[0]", "(s3_value[6:0][0]==1) => 1"],
     "what is not shifted is 2^31, whose lowest bit is 0"),
    ("mac_float_round", ["product[48]"], "2^48 is out of reach: mantissas are up to 2^24 and up to 2^24 - 1"),
    ("mac_float_round", ["rounded[10]"], "at most 512, which 1023 and 1024 halves are rounded to"),
    ("mac_multiply", ["a[31:25]", "s1_ah[15:9]", "s2_ah[15:9]", "node_2[31:24]", "s2_hl[31:24]"],
     "the multiplier is of the size of mode SINGLE; a mantissa is unsigned and up to 2^24"),
    ("mac_multiply", ["b[30:24]", "s1_bh[14:8]", "s2_bh[14:8]", "node_1[30:24]", "s2_lh[30:24]"],
     "the same: a scale's mantissa is below 2^24"),
    ("mac_multiply", ["node_4[30:16]", "s3_hh[30:16]", "node_5[32:25]", "s3_cross[32:25]", "node_6[47:32]",
                      "s4_high[46:32]", "o[62:48]"], "the same: the product is below 2^48"),
    ("mac_requant", ["multiply__o[62:48]"], "the same: the product is below 2^48"),
    ("mac_requant", ["node_2[0]", "doubled[0]", "lowest[0]", "above_lowest[0]"],
     "lowest bit of a sum in halves: 1 by construction"),
    ("mac_requant", ["highest[0]", "below_highest[0]"], "lowest bit of a sum in halves: 0 by construction"),
    ("mac_unit_8x8x1", ["node_5[2]", "node_6[3:2]", "node_7[4:3]", "node_8[5:3]", "node_9[6:3]", "node_10[7:3]",
                        "node_11[8:4]"], "a count of up to eight clamped outputs, whose sums are wider"),
]


def signals(waivers: list[tuple[str, list[str], str]]) -> set[tuple[str, str]]:
    """Module and name of every waived bit or expression: the last range of a name is written out."""
    found = set()
    for module, names, _ in waivers:
        for name in names:
            match = re.fullmatch(r"(.*)\[(\d+):(\d+)\]", name)
            if match and " " not in name:
                high, low = int(match[2]), int(match[3])
                found |= {(module, f"{match[1]}[{bit}]") for bit in range(low, high + 1)}
            else:
                found.add((module, name))
    return found
