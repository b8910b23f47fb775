"""Keep the tables of a page what the commands named in it print: `python -m golden.pages` rewrites them.

A table stands between two comments of the page, the first of which names its command:

    <!-- python -m golden.widths -->
    | … |
    <!-- end -->
"""

import re
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from golden import bandwidth, disagreement, widths

PAGE = Path(__file__).parent.parent / "docs" / "quantization.md"
TABLES: dict[str, Callable[[], list[str]]] = {
    "python -m golden.bandwidth": lambda: bandwidth.table(12.8e9),
    "python -m golden.disagreement": disagreement.table,
    "python -m golden.widths": widths.table,
}


def commands(page: str) -> list[str]:
    """Return the commands named in the comments of a page, in order.

    >>> commands("<!-- python -m x --> old <!-- end -->")
    ['python -m x']
    """
    return re.findall(r"<!-- (python -m [^>]*?) -->", page)


def insert(page: str, command: str, lines: Sequence[str]) -> str:
    """Return the page with `lines` as the table of `command`; a page without a place for it is a ValueError.

    >>> insert("<!-- a -->" + "old" + "<!-- end -->", "a", ["new"]).split()
    ['<!--', 'a', '-->', 'new', '<!--', 'end', '-->']
    """
    place = re.compile(rf"(<!-- {re.escape(command)} -->).*?(<!-- end -->)", re.DOTALL)
    table = "\n".join(lines)
    # A function as replacement: nothing in the table is taken for a reference to a group.
    changed, count = place.subn(lambda found: f"{found[1]}\n{table}\n{found[2]}", page)
    if count != 1:
        raise ValueError(f"page must have one place for {command!r}, not {count}")
    return changed


def update(page: str) -> str:
    """Return the page with every table of `TABLES` computed anew."""
    for command, table in TABLES.items():
        page = insert(page, command, table())
    return page


def main() -> None:
    """Rewrite the page."""
    try:
        PAGE.write_text(update(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
    except (OSError, ValueError) as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
