"""Every error text that was recorded of AWS stands in the table that the agent's classes are tested by, with one class."""
from harness.corpora import shared
from harness.processes import ROOT

TABLE = ROOT / "crates/core/src/refusal/classes.tsv"
CLASSES = {"throttled", "denied", "not_found", "conflict", "invalid", "unavailable"}


def rows(path):
    """The rows of a table, each by its columns' names."""
    lines = path.read_text().splitlines()
    names = lines[0].split("\t")
    return [dict(zip(names, line.split("\t"), strict=True)) for line in lines[1:]]


def key(row):
    """What AWS answered to what."""
    return tuple(row[name] for name in ("service", "operation", "code", "status", "message"))


def committed():
    """{what AWS answered: the row of the table}."""
    found = {}
    for row in rows(TABLE):
        assert found.setdefault(key(row), row) is row, f"twice: {key(row)}"
    return found


def test_every_row_of_the_table_has_one_class_and_its_reason():
    for row in committed().values():
        assert row["class"] in CLASSES and row["reason"], row


def test_no_recorded_text_is_missing():
    recorded = rows(shared() / "data/answers/errors.tsv")
    assert len(recorded) > 100
    missing = [row for row in map(key, recorded) if row not in committed()]
    assert not missing, f"add these to {TABLE.name}, each with its class and reason: {missing}"


def test_every_text_that_was_once_misread_has_the_class_that_it_should_have():
    misread = rows(shared() / "data/answers/errors-misread.tsv")
    assert misread
    table = committed()
    wrong = {key(row): row["should_be"] for row in misread if table.get(key(row), {}).get("class") != row["should_be"]}
    assert not wrong, wrong
