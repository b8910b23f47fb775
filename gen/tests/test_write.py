"""Files on disk: only what changed, and all or nothing."""

import os

import pytest

from gen.write import WriteError, write_all

OLD = {"a.v": "module a;\n", "a.json": "{}\n", "a.f": "a.v\n"}
NEW = {"a.v": "module b;\n", "a.json": "{1}\n", "a.f": "b.v\n"}


def tree(directory):
    """Texts of all files, hidden ones too; None for a directory."""
    return {path.name: None if path.is_dir() else path.read_text() for path in directory.iterdir()}


def state(directory):
    """What changes when a file is touched, or replaced by an equal one."""
    return {path.name: (path.stat().st_ino, path.stat().st_mtime_ns) for path in directory.iterdir()}


def test_write_creates_the_directory_and_returns_what_it_wrote(tmp_path):
    directory = tmp_path / "deep" / "down"
    assert write_all(directory, OLD) == [directory / name for name in OLD]
    assert tree(directory) == OLD


def test_write_makes_files_that_everybody_can_read(tmp_path):
    write_all(tmp_path, OLD)
    assert {path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {0o644}


def test_write_leaves_equal_files_alone(tmp_path):
    write_all(tmp_path, OLD)
    for path in tmp_path.iterdir():
        os.utime(path, ns=(1, 1))
    before = state(tmp_path)
    assert write_all(tmp_path, OLD) == []
    assert state(tmp_path) == before


def test_write_rewrites_only_what_changed(tmp_path):
    write_all(tmp_path, OLD)
    before = state(tmp_path)
    assert write_all(tmp_path, OLD | {"a.json": "{2}\n"}) == [tmp_path / "a.json"]
    after = state(tmp_path)
    assert {name for name in OLD if before[name] != after[name]} == {"a.json"}
    assert tree(tmp_path) == OLD | {"a.json": "{2}\n"}


def test_write_keeps_files_that_are_not_its_own(tmp_path):
    (tmp_path / "notes.txt").write_text("mine\n")
    write_all(tmp_path, OLD)
    assert tree(tmp_path) == OLD | {"notes.txt": "mine\n"}


def test_write_sees_a_difference_in_line_ends(tmp_path):
    (tmp_path / "a.f").write_bytes(b"a.v\r\n")
    assert write_all(tmp_path, OLD)[-1] == tmp_path / "a.f"
    assert (tmp_path / "a.f").read_bytes() == b"a.v\n"


# Failures ---------------------------------------------------------------------------------------------------------

def refusal(directory, files):
    with pytest.raises(WriteError) as caught:
        write_all(directory, files)
    message = str(caught.value)
    assert message.startswith(f"out must be a directory that can be written, not {directory} (")
    assert len(message.splitlines()) == 1
    return message


@pytest.mark.parametrize("below", [".", "below", "far/below"])
def test_write_refuses_a_directory_that_is_a_file_or_below_one(tmp_path, below):
    (tmp_path / "file").write_text("mine\n")
    refusal(tmp_path / "file" / below, OLD)
    assert tree(tmp_path) == {"file": "mine\n"}


@pytest.mark.parametrize("target", OLD)
@pytest.mark.parametrize("before", [{}, OLD], ids=["new", "old"])
def test_write_leaves_everything_as_it_was_when_a_target_is_a_directory(tmp_path, target, before):
    write_all(tmp_path, before)
    (tmp_path / target).unlink(missing_ok=True)
    (tmp_path / target).mkdir()
    refusal(tmp_path, NEW)
    assert tree(tmp_path) == before | {target: None}


@pytest.mark.parametrize("works", [0, 1, 2])
@pytest.mark.parametrize("before", [{}, OLD, {"a.json": "{0}\n"}], ids=["new", "old", "mixed"])
def test_write_leaves_everything_as_it_was_when_a_rename_fails(tmp_path, monkeypatch, works, before):
    write_all(tmp_path, before)
    rename, calls = os.replace, []

    def replace(source, target):
        calls.append(target)
        if len(calls) > works:
            raise OSError(5, "Input/output error")
        rename(source, target)

    monkeypatch.setattr(os, "replace", replace)
    assert refusal(tmp_path, NEW).endswith("(Input/output error)")
    assert len(calls) == works + 1
    assert tree(tmp_path) == before


@pytest.mark.parametrize("works", [0, 1, 2])
def test_write_leaves_everything_as_it_was_when_the_disk_is_full(tmp_path, monkeypatch, works):
    write_all(tmp_path, OLD)
    opened, calls = os.fdopen, []

    class Full:
        def __init__(self, handle, mode):
            self.stream = opened(handle, mode)

        def __enter__(self):
            return self

        def __exit__(self, *_):
            self.stream.close()

        def write(self, content):
            calls.append(content)
            if len(calls) > works:
                raise OSError(28, "No space left on device")
            self.stream.write(content)

    monkeypatch.setattr(os, "fdopen", Full)
    assert refusal(tmp_path, NEW).endswith("(No space left on device)")
    assert tree(tmp_path) == OLD
