"""Which settings an engine must refuse: the rules of its registers, written down a second time."""

from tb.sim_ports import description

__all__ = ["SETTING_ERRORS", "refusals"]

# Bits of ERROR that depend on the settings alone.
SETTING_ERRORS = ("M_RANGE", "N_RANGE", "K_RANGE", "WEIGHTS_SIZE", "MODE_RANGE", "FORMAT_RANGE", "A_ZERO_POINT_RANGE",
                  "OUTPUT_RANGE")

RAW, A_UNSIGNED, W_UNSIGNED = 1, 2, 4


def refusals(settings: dict[str, int]) -> list[str]:
    """Names of the ERROR bits that a START with these `settings` must set, in the order of the bits; [] if legal."""
    info = description()
    config = info["config"]
    value = {name: number & (2**32 - 1) for name, number in settings.items()}
    signed = {name: number - (number >> 31 << 32) for name, number in value.items()}
    subtract = config["zero_points"] == "SUBTRACT"
    raw = bool(value["FORMAT"] & RAW)
    n_max = info["derived"]["raw_n_max"] if raw else config["n_max"]
    sizes = {
        "M_RANGE": not 1 <= value["M"] < 2**24,
        "N_RANGE": not 1 <= value["N"] <= n_max,
        "K_RANGE": not 1 <= value["K"] <= config["k_max"],
    }
    beats = -(-value["N"] // config["cols"]) * -(-value["K"] // config["depth"])
    built = [info["modes"][mode] for mode in config["modes"]]
    formats = (RAW if config["raw_output"] else 0) | (A_UNSIGNED | W_UNSIGNED if subtract else 0)
    width = config["act_width"]
    if not subtract:
        zero_points = range(1)
    elif value["FORMAT"] & A_UNSIGNED:
        zero_points = range(2**width)
    else:
        zero_points = range(-(2 ** (width - 1)), 2 ** (width - 1))
    outputs = [signed[name] for name in ("ZERO_POINT", "LOW", "HIGH")]
    one_type = any(all(low <= output < low + 256 for output in outputs) for low in (-128, 0))
    broken = {
        **sizes,
        # Sizes that are out of range are not multiplied.
        "WEIGHTS_SIZE": not any(sizes.values()) and beats > config["weight_beats"],
        "MODE_RANGE": bool(built) and value["MODE"] not in built,
        "FORMAT_RANGE": bool(value["FORMAT"] & ~formats) or (not raw and not built),
        "A_ZERO_POINT_RANGE": signed["A_ZERO_POINT"] not in zero_points,
        "OUTPUT_RANGE": not raw and not (signed["LOW"] <= signed["HIGH"] and one_type),
    }
    return [name for name in SETTING_ERRORS if broken[name]]
