"""The page's tables are what its commands print, and replacing them touches nothing else."""

from pathlib import Path

import pytest

from golden import pages

TEXT = pages.PAGE.read_text(encoding="utf-8")


def test_page_is_up_to_date() -> None:
    assert pages.update(TEXT) == TEXT, "run `python -m golden.pages`"


def test_page_names_every_command_once() -> None:
    references = "python -m golden.tests.compare_references"
    assert sorted(pages.commands(TEXT)) == sorted([*pages.TABLES, references])


def test_comparison_with_references_is_there() -> None:
    table = TEXT.split("<!-- python -m golden.tests.compare_references -->")[1].split("<!-- end -->")[0]
    assert "onnxruntime" in table and "torch" in table
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in table.splitlines() if line.count("|") == 6]
    assert len(rows) == 17
    assert all(row[4] for row in rows[2:] if row[3] != "0")  # each difference has its reason


def test_insert_replaces_one_table() -> None:
    page = "a\n<!-- c -->\nold\nold\n<!-- end -->\nb\n<!-- d -->\nkept\n<!-- end -->\n"
    assert pages.insert(page, "c", [r"new \1"]) == page.replace("old\nold", r"new \1")


@pytest.mark.parametrize("page", ["", "<!-- c --> no end", "<!-- c --><!-- end --><!-- c --><!-- end -->"])
def test_insert_refuses_a_page_without_one_place(page: str) -> None:
    with pytest.raises(ValueError) as raised:
        pages.insert(page, "c", [])
    assert str(raised.value) == f"page must have one place for 'c', not {page.count('end --')}"


def test_main_rewrites_the_page_or_says_why_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "PAGE", tmp_path / "page.md")
    monkeypatch.setattr(pages, "TABLES", {"python -m x": lambda: ["new"]})
    with pytest.raises(SystemExit) as left:
        pages.main()
    assert "No such file" in str(left.value)
    pages.PAGE.write_text("<!-- python -m x --> <!-- end -->\n", encoding="utf-8")
    pages.main()
    assert pages.PAGE.read_text(encoding="utf-8") == "<!-- python -m x -->\nnew\n<!-- end -->\n"
