"""What is written by NumPy is read; what is not an array of numbers is refused in one line."""

import zipfile
from pathlib import Path

import numpy as np
import pytest

from golden.array_file import read, read_all

X = np.arange(6, dtype=np.float32).reshape(2, 3) / np.float32(7)


def test_npy_is_read(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", X)
    assert np.array_equal(read(tmp_path / "x.npy"), X)


def test_npz_is_read_by_name_or_alone(tmp_path: Path) -> None:
    np.savez(tmp_path / "x.npz", x=X, y=2 * X)
    np.savez(tmp_path / "one.npz", y=X)
    assert np.array_equal(read(tmp_path / "x.npz", "y"), 2 * X)
    assert np.array_equal(read(tmp_path / "one.npz"), X)


def test_csv_is_read(tmp_path: Path) -> None:
    for text, shape in (("1,2,3\n4,5,6\n", (2, 3)), ("1\n2\n", (2,)), ("7", (1,)), ("", (0,))):
        (tmp_path / "x.csv").write_text(text)
        assert read(tmp_path / "x.csv").shape == shape
    np.savetxt(tmp_path / "x.csv", X, delimiter=",")
    assert np.array_equal(read(tmp_path / "x.csv").astype(np.float32), X)


@pytest.mark.parametrize(
    ("name", "content", "choice", "message"),
    [
        ("x.txt", b"1", None, "x.txt must be .npy, .npz or .csv"),
        ("x.npy", b"", None, "x.npy must hold numbers as .npy does"),
        ("x.npy", b"\x93NUMPY\x01\x00", None, "x.npy must hold numbers as .npy does"),
        ("x.npz", b"PK\x03\x04", None, "x.npz must hold numbers as .npz does"),
        ("x.npz", b"text", None, "x.npz must hold numbers as .npz does"),
        ("x.csv", b"a,b\n", None, "x.csv must hold numbers as .csv does: could not convert string 'a' to float64"),
        ("x.csv", b"1,2\n3\n", None, "x.csv must hold numbers as .csv does: the number of columns changed"),
        ("x.csv", b"\xff\xfe1", None, "x.csv must hold numbers as .csv does: "),
        ("x.npy", b"", "x", "x.npy must be .npz for an array to be chosen by name"),
    ],
)
def test_bad_file_is_refused(tmp_path: Path, name: str, content: bytes, choice: str | None, message: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ValueError) as raised:
        read(tmp_path / name, choice)
    assert str(raised.value).startswith(f"{tmp_path}/{message}") and len(str(raised.value).splitlines()) == 1


def test_objects_are_refused(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.array([{}], object), allow_pickle=True)
    np.savez(tmp_path / "x.npz", x=np.array([{}], object))
    for name in ("x.npy", "x.npz"):
        with pytest.raises(ValueError) as raised:
            read(tmp_path / name)
        assert str(raised.value) == f"{tmp_path / name} must hold numbers as {name[1:]} does"


def test_choice_of_array_is_checked(tmp_path: Path) -> None:
    np.savez(tmp_path / "x.npz", a=X, b=X)
    np.savez(tmp_path / "empty.npz")
    for file, choice, message in (
        ("x.npz", None, f"{tmp_path}/x.npz must hold one array or a name must be given; it holds a, b"),
        ("x.npz", "c", "name must be one of a, b, not c"),
        ("empty.npz", None, f"{tmp_path}/empty.npz must hold one array or a name must be given; it holds nothing"),
    ):
        with pytest.raises(ValueError) as raised:
            read(tmp_path / file, choice)
        assert str(raised.value) == message


def test_missing_file_is_an_os_error(tmp_path: Path) -> None:
    for suffix in ("npy", "npz", "csv"):
        with pytest.raises(FileNotFoundError):
            read(tmp_path / f"x.{suffix}")


def test_all_arrays_are_read(tmp_path: Path) -> None:
    np.savez(tmp_path / "x.npz", a=X, b=3)
    found = read_all(tmp_path / "x.npz")
    assert list(found) == ["a", "b"] and np.array_equal(found["a"], X) and found["b"] == 3
    np.save(tmp_path / "x.npy", X)
    with pytest.raises(ValueError, match=r"x\.npy must hold numbers as \.npz does: it holds a single array"):
        read_all(tmp_path / "x.npy")


def test_archive_with_something_else_in_it_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "x.npz", "w") as archive:
        archive.writestr("x", b"no array")
    for call in (read, read_all):
        with pytest.raises(ValueError, match=r"x\.npz must hold arrays only"):
            call(tmp_path / "x.npz")


def test_archive_whose_compressed_bytes_are_damaged_is_refused(tmp_path: Path) -> None:
    np.savez_compressed(tmp_path / "x.npz", x=np.arange(100))
    content = bytearray((tmp_path / "x.npz").read_bytes())
    content[60:90] = b"\xff" * 30
    (tmp_path / "x.npz").write_bytes(content)
    for call in (read, read_all):
        with pytest.raises(ValueError, match=r"x\.npz must hold numbers as \.npz does"):
            call(tmp_path / "x.npz")
