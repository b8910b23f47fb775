import pytest

from tb.formal.__main__ import PROOFS, check, emitted
from tb.formal.proof import Mistake, ProofError
from tb.formal.yosys import needed, without
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


def test_formal_refuses_a_claim_that_does_not_hold(tmp_path, monkeypatch):
    wrong = TURN.mistakes[0].made("block.v", emitted(TURN.block, tuple(TURN.parameters.items())))
    monkeypatch.setattr("tb.formal.__main__.emitted", lambda *_: wrong)
    with pytest.raises(ProofError, match="must hold"):
        check(TURN, tmp_path)


def test_formal_names_every_claim_once():
    assert len({proof.name for proof in PROOFS}) == len(PROOFS)
    assert all(proof.mistakes for proof in PROOFS)


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
