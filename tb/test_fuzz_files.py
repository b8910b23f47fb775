"""Files that are not what they should be: one clear error, whoever reads them."""

import contextlib
import io
import json
import tempfile
from pathlib import Path
from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import strategies as st

from gen.driver.mac_engine import Engine, EngineError
from golden import array_file, digits
from golden.__main__ import main as quantize_file
from tb.driver_bench import CONFIGURATIONS
from tb.engine_model import DirectBus, EngineModel, engine_description
from tb.fuzzing import clear, fuzz, refusal
from tb.hostile import arrays, damaged, mutated, npz
from tb.readme import BLOCKS, ReadmeError, update
from tb.run import ROOT, seed
from tb.vectors import VectorError, VectorFile, load

DESCRIPTION = engine_description(**CONFIGURATIONS["subtract-all-raw"])
VECTORS = {"acc": np.int32([1, -5]), "zp": 0, "qmin": -128, "qmax": 127, "y": np.int8([0, -2]), "m": 2**30, "s": 31}
LAYER = {"a": np.ones((2, 3), np.int8), "w": np.ones((3, 2), np.int8), "a_zp": 0, "y_zp": 0, "qmin": -128, "qmax": 127,
         "scale": np.float32(0.5), "y": np.full((2, 2), 2, np.int8)}


@contextlib.contextmanager
def stored(content, name):
    """A file called `name` that holds `content`."""
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / name
        path.write_bytes(content)
        yield path


# Descriptions ------------------------------------------------------------------------------------------------------

class Bus(DirectBus):
    """One that tells its user, as a system does, when no register has an address or it cannot be written."""

    @contextlib.contextmanager
    def answered(self):
        try:
            yield
        except AssertionError as error:
            if "SLVERR" in str(error):
                raise OSError(f"the bus must answer OKAY, not {error}") from None
            raise

    def read(self, offset):
        with self.answered():
            return super().read(offset)

    def write(self, offset, value):
        with self.answered():
            super().write(offset, value)


def connect(description):
    return Engine(description, Bus(EngineModel(DESCRIPTION, seed())), timeout=0.5)


@fuzz(200, description=mutated(DESCRIPTION).filter(lambda value: isinstance(value, dict)))
def test_description_with_parts_missing_or_wrong_is_refused_by_the_driver(description):
    # One that is right where the driver looks is taken; what is behind the bus may still be another engine, which the
    # bus may notice.
    refusal((ValueError, EngineError, OSError), lambda: connect(description))


@fuzz(100, content=st.one_of(st.binary(max_size=40), damaged(json.dumps(DESCRIPTION).encode()),
                             mutated(DESCRIPTION).map(lambda value: json.dumps(value).encode()), st.sampled_from(
        [b"[" * 100_000, b"9" * 5000, b"null", b"{}", b'{"registers": []}', b"\xff\xfe{}", b'{"registers": NaN}'])))
def test_file_that_is_no_description_is_refused_by_the_driver(content):
    with stored(content, "description.json") as path:
        refusal((ValueError, EngineError, OSError), lambda: connect(path))


# Vectors and arrays ------------------------------------------------------------------------------------------------

@fuzz(150, legal=0, content=st.one_of(
        st.just(npz(**VECTORS)), damaged(npz(**VECTORS)), damaged(npz(**LAYER)), st.binary(max_size=60)),
      mode=st.sampled_from([None, "DOUBLE", "F32", "FBGEMM", "UP"]))
def test_damaged_vectors_are_refused_or_read(content, mode):
    with stored(content, "vectors.npz") as path:
        refusal(VectorError, lambda: load(path, mode))


@fuzz(200, fields=st.sampled_from([VECTORS, LAYER]).flatmap(lambda whole: st.fixed_dictionaries(
    {}, optional={name: st.one_of(st.just(value), arrays(), arrays(shape=np.shape(value)))
                  for name, value in whole.items()}).flatmap(lambda changed: st.sets(
                      st.sampled_from(sorted(whole)), max_size=2).map(
                          lambda names: whole | {name: changed[name] for name in names if name in changed}))),
      mode=st.sampled_from(["SINGLE", "F32", None]))
def test_vectors_of_any_arrays_are_refused_or_computed(fields, mode):
    if any(np.asarray(value).dtype.kind == "O" for value in fields.values()):
        fields = {name: np.asarray(value, object) for name, value in fields.items()}
    with stored(npz(**fields), "vectors.npz") as path:
        loaded = refusal(VectorError, lambda: load(path, mode))
    if isinstance(loaded, VectorFile):
        assert loaded.golden().shape == (len(loaded),)
    elif loaded is not None:
        layer, a, want = loaded
        assert layer.forward(a).shape == want.shape


PLAIN = {".npy": npz(x=np.arange(6.0).reshape(2, 3)), ".npz": npz(x=np.arange(4.0)), ".csv": b"1,2\n3,4\n"}
_stream = io.BytesIO()
np.save(_stream, np.arange(6.0).reshape(2, 3))
PLAIN[".npy"] = _stream.getvalue()


@fuzz(200, legal=0.01, suffix=st.sampled_from(list(PLAIN)), data=st.data())
def test_damaged_array_is_refused_or_read(suffix, data):
    content = data.draw(st.one_of(damaged(PLAIN[suffix]), st.binary(max_size=40)))
    with stored(content, f"x{suffix}") as path:
        x = refusal((ValueError, TypeError), lambda: array_file.read(path))
        assert x is None or isinstance(x, np.ndarray)
        said, error = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(said), contextlib.redirect_stderr(error):
            code = quantize_file([str(path)])
        assert (code, said.getvalue() == "", len(error.getvalue().splitlines())) in ((0, False, 0), (2, True, 1))


NETWORK = (ROOT / "golden" / "data" / "digits.npz").read_bytes()


@fuzz(40, legal=0, content=st.one_of(damaged(NETWORK), st.integers(2000, len(NETWORK) - 3000).map(
    lambda at: NETWORK[:at] + b"\0" + NETWORK[at + 1:])))
def test_damaged_network_is_refused_or_read(content):
    with stored(content, "digits.npz") as path:
        refusal(ValueError, lambda: digits.load(path))


# Reports -----------------------------------------------------------------------------------------------------------

@fuzz(60, content=st.one_of(st.binary(max_size=30), mutated({"stacks": [{
    "stack": "a", "version": "1", "mode": "F32", "outputs": 3, "differences": 0}]}).map(
        lambda value: json.dumps(value).encode())))
def test_damaged_report_is_refused_and_the_readme_stays(content):
    with tempfile.TemporaryDirectory() as directory:
        readme, reports = Path(directory) / "README.md", Path(directory)
        before = "<!-- oracles -->\n<!-- end -->\n"
        readme.write_text(before)
        (reports / "oracles.json").write_bytes(content)
        (reports / "oracles-hardware.json").write_text('{"files": []}')
        with patch("tb.readme.BLOCKS", {"oracles": BLOCKS["oracles"]}):
            refused = refusal(ReadmeError, lambda: update(readme, reports) or "written") is None
        assert (readme.read_text() == before) == refused


def test_a_right_description_and_right_files_are_taken():
    connect(DESCRIPTION)
    with stored(npz(**VECTORS), "vectors.npz") as path:
        assert len(load(path, "DOUBLE")) == 2
    with stored(npz(**LAYER), "vectors.npz") as path:
        assert load(path, "F32")[0].mode == "F32"
    with stored(b"{}", "x.json") as path, pytest.raises(ValueError) as caught:
        connect(path)
    clear(caught.value)
