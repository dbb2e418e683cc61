"""Erasure from files and tables: no file contains the person, and everything else is unchanged."""

from datetime import datetime
from decimal import Decimal
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from python_scoring.erasure import inputs, raw_files, tables, verification
from python_scoring.erasure.checkpoint import Checkpoint, Journal
from python_scoring.erasure.command import Erasure
from python_scoring.erasure.data_subjects import DataSubjects
from python_scoring.erasure.tombstone import ErasedRecord
from python_scoring.errors import InputError


def test_impossible_erasures_are_refused_before_any_change(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Blank ids, no requester, a reason that names the person, no raw data, an erasure begun."""
    monkeypatch.setenv("RAW_DATA", str(tmp_path))
    monkeypatch.setenv("WAREHOUSE", str(tmp_path))
    monkeypatch.delenv("SERVING_DSN", raising=False)
    with pytest.raises(InputError, match="CUSTOMER_ID number 2 is blank"):
        DataSubjects.of(("C1", " \t"))
    with pytest.raises(InputError, match="cannot be printed"):
        DataSubjects.of(("C1\n2",))
    erasure = Erasure(DataSubjects.of(("C00000001",)), print)
    with pytest.raises(InputError, match="--by is blank"):
        erasure.erase(" ", "request 17")
    with pytest.raises(InputError, match="--reason names the person"):
        erasure.erase("ana", "asked by C00000001")
    monkeypatch.setenv("RAW_DATA", str(tmp_path / "elsewhere"))
    with pytest.raises(InputError, match="elsewhere is not a folder"):
        Erasure(DataSubjects.of(("C1",)), print)
    monkeypatch.setenv("RAW_DATA", str(tmp_path))
    monkeypatch.setenv("WAREHOUSE", str(tmp_path / "mistyped"))
    with pytest.raises(InputError, match="nothing was built in this warehouse"):
        Erasure(DataSubjects.of(("C1",)), print).preview()
    assert not (tmp_path / "mistyped").exists()
    journal = Journal(tmp_path)
    checkpoint = Checkpoint.new(
        DataSubjects.of(("C00000001",)), datetime(2026, 11, 23), "ana", "request 17"
    )
    journal.write(checkpoint)
    assert journal.of(DataSubjects.of(("C00000001",))) == checkpoint
    assert "C00000001" not in journal.path.read_text()
    with pytest.raises(InputError, match=r"erasure of another person.*ana \(request 17\)"):
        journal.of(DataSubjects.of(("C00000002",)))


@pytest.mark.parametrize(
    ("text", "without"),
    [
        ("C000001 left.", "[erased] left."),
        ("C0000012 left, XC000001 stayed", "C0000012 left, XC000001 stayed"),
        ('{"id": "C000001", "of": "C000001-2"}', '{"id": "[erased]", "of": "C000001-2"}'),
        ("C000001,C000001", "[erased],[erased]"),
        (r"a\u00e4\"b-17 and aä\"b-17", "[erased] and [erased]"),
        ("of 17850 customers 12 are UK", "of 17850 customers 12 are UK"),
    ],
)
def test_a_name_in_a_text_is_replaced_and_no_other(text: str, without: str) -> None:
    """Ids inside longer ones stay, JSON's spelling is known, numbers and words are left alone."""
    subjects = DataSubjects.of(("C000001", 'aä"b-17', "17850", "UK"))
    assert subjects.without(text) == without
    assert subjects.are_named_in(text) == (text != without)


@pytest.mark.parametrize("id_column", ["customer_id", "CUSTOMER_ID"])
def test_erasure_keeps_the_other_rows_of_a_raw_file(tmp_path: Path, id_column: str) -> None:
    """Order, types, compression and row groups of the others; files without them are untouched. As
    for a build, the case of a column's name does not matter.
    """
    schema = pa.schema(
        [
            ("order_id", pa.string()),
            (id_column, pa.dictionary(pa.int32(), pa.string())),
            ("amount", pa.decimal128(18, 2)),
            ("loaded_at", pa.timestamp("us")),
        ]
    )
    rows = [
        {
            "order_id": f"O{number}",
            id_column: [" C1 ", "C12", None, "C1"][number % 4],
            "amount": Decimal(number),
            "loaded_at": datetime(2026, 11, 1 + number),
        }
        for number in range(8)
    ]
    path, alone = tmp_path / "orders.parquet", tmp_path / "customers.parquet"
    table = pa.Table.from_pylist(rows, schema)
    pq.write_table(table, path, compression={"order_id": "zstd"}, row_group_size=4)
    pq.write_table(table.slice(1, 2), alone)
    subjects, untouched = DataSubjects.of(("C1",)), alone.read_bytes()
    with duckdb.connect() as connection:
        found = raw_files.find(connection, tmp_path, ["customers", "orders"], subjects)
        assert [(each.path, each.rows) for each in found] == [(path, 4)]
        for file in found:
            raw_files.erase(file, subjects)
        assert raw_files.find(connection, tmp_path, ["customers", "orders"], subjects) == []
    kept = pq.read_table(path)
    assert kept.schema.equals(schema)
    assert kept.to_pylist() == [rows[number] for number in (1, 2, 5, 6)]
    group = pq.read_metadata(path).row_group(0)
    assert [group.column(number).compression for number in range(2)] == ["ZSTD", "UNCOMPRESSED"]
    assert alone.read_bytes() == untouched
    assert sorted(each.name for each in tmp_path.iterdir()) == [alone.name, path.name]


def test_a_raw_file_with_two_spellings_of_the_id_is_refused(tmp_path: Path) -> None:
    """Before anything is erased."""
    table = pa.table({"customer_id": ["C1"], "Customer_Id": ["C2"]})
    pq.write_table(table, tmp_path / "orders.parquet")
    with (
        duckdb.connect() as connection,
        pytest.raises(InputError, match=r"orders\.parquet has .* customer_id and Customer_Id"),
    ):
        raw_files.find(connection, tmp_path, ["orders"], DataSubjects.of(("C1",)))


@pytest.mark.parametrize("count", [1, 5, 20, 2000])
def test_any_number_of_customers_is_erased_at_once(tmp_path: Path, count: int) -> None:
    """Of 3,000 customers, next to texts that are no JSON and records of others; a name in a column
    that is no customer_id is replaced.
    """
    ids = tuple(f"C{number:06}" for number in range(count))
    subjects, whole = DataSubjects.of(ids), tmp_path / "notes.txt"
    whole.write_text("C000000 was here")
    with duckdb.connect() as connection:
        tables.register_functions(connection, subjects)
        connection.execute(
            "create table t as select format('C{:06d}', number) as key,"
            " case number % 3 when 0 then 'asked by ' || key || ', {twice'"
            " when 1 then json_object('CUSTOMER_ID', ' ' || key)::text else '{' end as note"
            " from range(3000) as numbers (number)"
        )
        [found] = tables.find(connection, "memory", subjects)
        by_record = len(range(1, count, 3))
        by_text = len(range(0, count, 3))
        assert (found.rows, found.texts) == (by_record, count - by_record)
        tables.erase(connection, subjects, found)
        assert connection.execute(
            "select count(*), count(*) filter (where note = 'asked by [erased], {twice'),"
            " count(*) filter (where key like 'C%') from t"
        ).fetchall() == [(3000 - by_record, by_text, 3000 - count)]
        assert list(tables.find(connection, "memory", subjects)) == []
    assert verification.search([tmp_path], subjects, ()) == [f"{whole} (in its bytes)"]


def test_recorded_inputs_lose_what_former_versions_left_in_them() -> None:
    """Their tombstones held the erased part; with the next erasure both parts go, in one digest."""
    as_of = datetime(2026, 11, 1)
    mine = ErasedRecord("input", "orders", as_of, "1.0.0", None, 2, 1, None, "3-4")
    with duckdb.connect() as lake:
        lake.execute(
            "attach ':memory:' as lake; create schema lake.operations;"
            "create table lake.operations.snapshot_inputs as select 'orders' as source, timestamp"
            " '2026-11-01' as as_of, '1.0.0' as feature_version, 9 as row_count,"
            " '10-20' as content_digest;"
            "create table lake.operations.erased_records as select 'e1' as erasure_id, 'input' as"
            " kind, 'orders' as source, timestamp '2026-11-01' as as_of,"
            " '1.0.0' as feature_version, null::text as run_id, 1 as rows_erased,"
            " 1 as customers_erased, null::text as feature_snapshot_id_after,"
            " '1-2' as content_digest"
        )
        [found] = inputs.restated(lake, [mine])
        assert (found.recorded, found.rest) == ("10-20", "6-14")
        inputs.restate(lake, [mine])
        assert lake.execute(
            "select row_count, snapshot_inputs.content_digest, erased_records.content_digest"
            " from lake.operations.snapshot_inputs cross join lake.operations.erased_records"
        ).fetchall() == [(6, "6-14", None)]


def test_an_order_that_was_moved_to_the_person_is_named(tmp_path: Path) -> None:
    """Its older version counts again for somebody else; one moved away from them does not."""
    duckdb.sql(
        "copy (select order_id, customer_id, make_timestamp(second * 1000000) as loaded_at"
        " from (values ('back', 'C2', 1), ('back', 'C1', 2), ('away', 'C1', 1),"
        " ('away', 'C2', 2)) as t (order_id, customer_id, second))"
        f" to '{tmp_path / 'orders.parquet'}'"
    )
    with duckdb.connect() as connection:
        assert raw_files.moved_orders(connection, tmp_path, DataSubjects.of(("C1",))) == ["back"]


def test_rows_and_records_go_and_texts_are_rewritten_whatever_the_table() -> None:
    """A row by its key or a JSON record; texts and lists that name them; nothing of others."""
    subjects = DataSubjects.of(("C000001", "7"))
    with duckdb.connect() as connection:
        tables.register_functions(connection, subjects)
        connection.execute(
            "create table a as select * from (values (' C000001', 'x'), ('7', 'y'), ('C0000012',"
            " 'z'), (null, 'asked by C000001, 7 times'), ('C2', '{\"customer_id\": \"7 \"}'),"
            " ('C3', '{\"customer_id\": 77}'), ('C4', '[\"C000001\"]')) as t (customer_id, note);"
            "create table b as select ['C000001'] as names union all select ['C0000012'];"
            "create table c as select 7 as number, 'C0000012' as note"
        )
        found = list(tables.find(connection, "memory", subjects))
        assert [(each.table.name, each.rows, each.texts) for each in found] == [
            ("a", 3, 2),
            ("b", 0, 1),
        ]
        for holding in found:
            tables.erase(connection, subjects, holding)
        assert connection.execute("select * from a order by all").fetchall() == [
            ("C0000012", "z"),
            ("C3", '{"customer_id": 77}'),
            ("C4", '["[erased]"]'),
            (None, "asked by [erased], 7 times"),
        ]
        assert connection.execute("select * from b order by all").fetchall() == [
            (["C0000012"],),
            (None,),
        ]
        assert list(tables.find(connection, "memory", subjects)) == []


def test_verification_names_a_file_that_still_contains_the_ids(tmp_path: Path) -> None:
    """Bytes anywhere, cells of compressed Parquet; the id of somebody else that contains theirs is
    theirs alone.
    """
    subjects, longer_ids = DataSubjects.of(("C000001",)), ("C0000012",)
    (tmp_path / "notes.txt").write_text("and C000001C0000012")
    (tmp_path / "others.bin").write_bytes(b"\0C0000012\0")
    (tmp_path / "empty").touch()
    for name, value in (("cells", "C000001"), ("others", "C0000012")):
        duckdb.sql(
            f"copy (select '{value}' as customer_id from range(10))"
            f" to '{tmp_path / name}.parquet' (compression zstd)"
        )
    assert verification.search([tmp_path], subjects, longer_ids) == [
        f"{tmp_path / 'cells.parquet'} (column customer_id)",
        f"{tmp_path / 'notes.txt'} (in its bytes)",
    ]
