"""`python -m golden` as a user runs it: figures against the functions, one line and exit code 2 for bad input."""

import json
import subprocess
import sys
import xml.etree.ElementTree as xml
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from golden.__main__ import main
from golden.channels import PerChannel
from golden.errors import measure
from golden.observers import OBSERVERS
from golden.quantize import asymmetric, binary, dequantize, quantize, symmetric

ROOT = Path(__file__).parents[2]
X = np.append(np.random.default_rng(1).normal(0, 1, (50, 3)), [[9.0, -7.0, 0.5]], axis=0).astype(np.float32)
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run it on files of an empty directory with x.npy; return exit code, output and errors."""
    monkeypatch.chdir(tmp_path)
    np.save("x.npy", X)

    def call(*arguments: str) -> tuple[int, str, str]:
        try:
            code = main(arguments)
        except SystemExit as left:
            code = int(left.code or 0)
        return code, *capsys.readouterr()

    return call


def test_command_prints_scale_zero_point_and_errors(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", X)
    command = [sys.executable, "-m", "golden", str(tmp_path / "x.npy"), "--scheme", "asymmetric", "--bits", "4"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    q, errors = asymmetric(X, 4), measure(X, asymmetric(X, 4))
    got = dict(line.split(maxsplit=1) for line in done.stdout.splitlines())
    assert got["scale"] == repr(float(q.scale)) and got["zero"] == f"point       {int(q.zero_point)}"
    assert got["MSE"] == f"{errors.mse:.6g} (rounding {errors.rounding_mse:.6g}, clipping 0)"
    assert got["MAE"] == f"{errors.mae:.6g}" and got["SQNR"] == f"{errors.sqnr_db:.2f} dB"
    assert got["clipped"] == "0 of 153 (0.000%)" and done.stderr == ""


def test_command_refuses_in_one_line_with_code_2(tmp_path: Path) -> None:
    np.save(tmp_path / "nan.npy", np.array([1, np.nan]))
    for arguments, message in (
        ([str(tmp_path / "no.npy")], f"{tmp_path}/no.npy: No such file or directory"),
        ([str(tmp_path / "nan.npy")], "nan.npy[1] must be finite in float32, not nan"),
        ([], "the following arguments are required: file; --help lists the options"),
    ):
        command = [sys.executable, "-m", "golden", *arguments]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
        assert (done.returncode, done.stdout, done.stderr) == (2, "", f"python -m golden: {message}\n")


def test_command_stops_quietly_when_its_reader_has_seen_enough(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.zeros(20_000))
    command = [sys.executable, "-m", "golden", str(tmp_path / "x.npy"), "--values", "20000"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None and process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == ""
    assert process.returncode == 0


@pytest.mark.parametrize("calibration", OBSERVERS)
@pytest.mark.parametrize("scheme", ["symmetric", "asymmetric"])
@pytest.mark.parametrize("axis", [None, 1])
def test_json_holds_what_the_functions_give(run: Run, calibration: str, scheme: str, axis: int | None) -> None:
    options = [] if axis is None else ["--axis", str(axis)]
    code, out, err = run("x.npy", "--json", "--bits", "4", "--scheme", scheme, "--calibration", calibration, *options)
    assert (code, err) == (0, "")
    got = json.loads(out)
    observer = OBSERVERS[calibration]() if axis is None else PerChannel(OBSERVERS[calibration], axis)
    observer.observe(X)
    q = observer.quantization(4, scheme == "symmetric")
    errors = measure(X, q)
    assert (got["scale"], got["zero_point"]) == (q.scale.tolist(), q.zero_point.tolist())
    assert (got["low"], got["high"], got["axis"], got["bits"]) == (q.low, q.high, axis, 4)
    for name in ("mse", "mae", "max_error", "sqnr_db", "rounding_mse", "clipping_mse", "clipped", "count"):
        assert got[name] == getattr(errors, name)


def test_values_are_listed_one_by_one(run: Run) -> None:
    _, out, _ = run("x.npy", "--json", "--values", "999", "--calibration", "percentile", "--bits", "8")
    got = json.loads(out)
    integers = np.array([row["integer"] for row in got["values"]]).reshape(X.shape)
    q = OBSERVERS["percentile"]()
    q.observe(X)
    want = q.quantization(8, True)
    assert np.array_equal(integers, quantize(X, want))
    assert [row["restored"] for row in got["values"]] == dequantize(integers, want).ravel().tolist()
    assert [row["index"] for row in got["values"]][:4] == [[0, 0], [0, 1], [0, 2], [1, 0]]
    _, text, _ = run("x.npy", "--values", "2")
    assert text.splitlines()[-2].split()[0] == "0,0" and text.splitlines()[-1].split()[0] == "0,1"


def test_clipped_values_are_marked(run: Run) -> None:
    np.save("x.npy", np.append(np.linspace(-1, 1, 19_999), 50))
    _, out, _ = run("x.npy", "--calibration", "percentile", "--values", "20000")
    assert [line.split()[0] for line in out.splitlines() if line.endswith("  clipped")] == ["19999"]


def test_one_bit_is_binary(run: Run) -> None:
    _, out, _ = run("x.npy", "--bits", "1", "--axis", "1", "--json", "--values", "3")
    got = json.loads(out)
    signs, q = binary(X, 1)
    assert got["scale"] == q.scale.tolist() and (got["low"], got["high"], got["clipped"]) == (-1, 1, 0)
    assert [row["integer"] for row in got["values"]] == signs[0].tolist()


def test_unsigned_integers_start_at_zero(run: Run) -> None:
    got = json.loads(run("x.npy", "--unsigned", "--scheme", "asymmetric", "--json")[1])
    assert (got["low"], got["high"], got["zero_point"]) == (0, 255, int(asymmetric(X, signed=False).zero_point))


def test_csv_and_npz_are_read(run: Run) -> None:
    np.savetxt("x.csv", X, delimiter=",")
    np.savez("x.npz", a=X, b=X)
    want = float(symmetric(X).scale)
    for arguments in (["x.csv"], ["x.npz", "--name", "b"]):
        assert json.loads(run(*arguments, "--json")[1])["scale"] == want


def test_plot_is_an_svg(run: Run) -> None:
    code, _, _ = run("x.npy", "--plot", "error.svg", "--scheme", "asymmetric")
    assert code == 0 and len(xml.parse("error.svg").getroot().findall("{*}polyline")) == 3


def test_nothing_lost_is_null_in_json(run: Run) -> None:
    np.save("x.npy", np.zeros(3))
    code, out, _ = run("x.npy", "--json")
    assert code == 0 and json.loads(out)["sqnr_db"] is None
    assert "inf dB" in run("x.npy")[1]


def test_help_has_examples(run: Run) -> None:
    code, out, _ = run("--help")
    assert code == 0 and "golden/data/digits.npz --name weights_0" in out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["x.txt"], "x.txt must be .npy, .npz or .csv"),
        (["x.npy", "--axis", "2"], "axis must be in -2..1, not 2"),
        (["x.npy", "--unsigned"], "integers of a symmetric quantization must be signed"),
        (["x.npy", "--values", "0"], "--values must be >= 1, not 0"),
        (["x.npy", "--name", "a"], "x.npy must be .npz for an array to be chosen by name"),
        (["x.npy", "--plot", "no/error.svg"], "no/error.svg: No such file or directory"),
        (["x.npy", "--bits", "1", "--calibration", "mse"],
         "--bits 1 must go without --scheme asymmetric, --calibration and --plot"),
        (["x.npy", "--bits", "3"],
         "argument --bits: invalid choice: 3 (choose from 8, 4, 2, 1); --help lists the options"),
        (["empty.npy"], "empty.npy must not be empty, but has shape (0, 3)"),
        (["empty.csv"], "empty.csv must not be empty, but has shape (0,)"),
        (["inf.npy"], "inf.npy[0] must be finite in float32, not inf"),
        (["text.npy"], "text.npy must be real numbers, not <U1"),
        (["zeros.npy", "--bits", "1"], "mean|x| must be finite and > 0, not 0.0"),
        (["wide.npy", "--scheme", "asymmetric"], "scale must be finite and > 0, not inf"),
    ],
)
def test_bad_input_is_one_line(run: Run, arguments: list[str], message: str) -> None:
    np.save("empty.npy", np.zeros((0, 3)))
    Path("empty.csv").write_text("")
    for name, values in (("inf", [np.inf]), ("text", ["a"]), ("zeros", [0.0]), ("wide", [-3e38, 3e38])):
        np.save(f"{name}.npy", np.array(values))
    assert run(*arguments) == (2, "", f"python -m golden: {message}\n")
