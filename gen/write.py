"""Files on disk: all of them or none, and only those whose content changes."""

import os
import tempfile
from pathlib import Path

__all__ = ["WriteError", "write_all"]


class WriteError(Exception):
    """The output directory cannot be used; the message is one line."""


def write_all(directory: Path, files: dict[str, str]) -> list[Path]:
    """Write `files` (name to text) into `directory`, which is created if it is not there.

    Every text goes to a temporary file first and is renamed over the old one only when all of them
    have been written, so that a failure leaves the directory as it was.

    Returns
    -------
    list[Path]
        The files that changed.

    Raises
    ------
    WriteError
        The directory cannot be created or written.
    """
    staged: list[tuple[str, Path]] = []
    try:
        directory.mkdir(parents=True, exist_ok=True)
        try:
            for name, text in files.items():
                path = directory / name
                if path.is_file() and path.read_bytes() == text.encode():
                    continue
                handle, temporary = tempfile.mkstemp(dir=directory, prefix=f".{name}.")
                staged.append((temporary, path))
                with os.fdopen(handle, "wb") as stream:
                    stream.write(text.encode())
                os.chmod(temporary, 0o644)
            _replace_all(staged)
        finally:
            for temporary, _ in staged:
                Path(temporary).unlink(missing_ok=True)
    except OSError as error:
        raise WriteError(f"out must be a directory that can be written, not {directory} ({error.strerror})") from None
    return [path for _, path in staged]


def _replace_all(staged: list[tuple[str, Path]]) -> None:
    """Rename every temporary file over its path; where one cannot be, put back those before it."""
    before = {path: path.read_bytes() if path.is_file() else None for _, path in staged}
    replaced = []
    try:
        for temporary, path in staged:
            os.replace(temporary, path)
            replaced.append(path)
    except OSError:
        for path in replaced:
            content = before[path]
            if content is None:
                path.unlink()
            else:
                path.write_bytes(content)
        raise
