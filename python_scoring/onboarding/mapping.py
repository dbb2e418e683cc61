"""Column mapping of a transaction table: which column plays which role, and how it is read.

The mapping is proposed from names and values, written as YAML, and read from there once a person
has changed it. Where names or values allow more than one reading, the choices are named.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import yaml

from python_scoring.errors import InputError
from python_scoring.project.sql_text import identifier
from python_scoring.project.yaml_files import read_yaml

LINES = "transaction_lines"  # the relation that holds the table
# Names by role without case, blanks and underscores; of the first group that has any, exactly one.
NAMES: dict[str, tuple[tuple[str, ...], ...]] = {
    "order_id": (
        ("orderid", "orderno", "ordernumber", "invoiceno", "invoiceid", "invoicenumber", "invoice"),
        ("transactionid", "transactionno", "receiptid", "receiptno", "basketid", "order"),
    ),
    "customer_id": (
        ("customerid", "customerno", "customernumber", "clientid", "userid", "memberid"),
        ("customer", "client", "user", "member", "accountid", "custid"),
    ),
    "ordered_at": (
        ("orderedat", "orderdate", "ordertime", "orderdatetime", "ordertimestamp", "invoicedate"),
        ("transactiondate", "purchasedate", "purchasedat", "createdat", "timestamp", "datetime"),
        ("date", "day"),
    ),
    "amount": (
        ("amount", "lineamount", "linetotal", "totalamount", "totalprice", "totalvalue"),
        ("total", "revenue", "sales", "netamount", "grossamount", "value"),
    ),
    "quantity": (("quantity", "qty", "pieces", "units", "itemcount"),),
    "unit_price": (("unitprice", "priceperunit", "itemprice", "pricepaid"), ("price",)),
    "product": (
        ("productid", "stockcode", "sku", "itemid", "articleid", "productcode", "productno"),
        ("product", "item", "article"),
    ),
    "country": (("country", "countrycode", "customercountry"),),
    "currency": (("currency", "currencycode"),),
}
REQUIRED = ("order_id", "customer_id", "ordered_at")
# Share of the values that have to be readable; the rest becomes null, and is counted.
READABLE = 0.99
DATE_FORMATS = tuple(
    f"{day}{time}"
    for day in ("%m/%d/%Y", "%d/%m/%Y", "%m/%d/%y", "%d/%m/%y", "%d.%m.%Y", "%Y/%m/%d", "%d-%m-%Y")
    for time in (" %H:%M", " %H:%M:%S", "")
)
ISO = "iso"
# SQL of a number as text, by the way it is written.
NUMBERS = {
    "plain": "{text}",
    "decimal comma": "replace(replace({text}, '.', ''), ',', '.')",
    "thousands comma": "replace({text}, ',', '')",
}


@dataclass(frozen=True)
class ColumnMapping:
    """Mapping of a transaction table onto the raw tables.

    `columns` has the source column of each role, `formats` how texts of dates and numbers are
    read, by role. `timezone` is that of `ordered_at`; `currency` is a name, and nothing is
    converted.
    """

    columns: Mapping[str, str]
    formats: Mapping[str, str] = field(default_factory=dict)
    timezone: str = "UTC"
    currency: str = "the shop's own"

    def to_yaml(self, source: Path) -> str:
        """Return the mapping as YAML, with a heading for the person who reviews it."""
        content = {
            "columns": dict(self.columns), "formats": dict(self.formats),
            "timezone": self.timezone, "currency": self.currency,
        }  # fmt: skip
        return (
            f"# Columns of {source.name}, by role. Review it; after a change:\n"
            "# customer-predictions init SOURCE --mapping THIS_FILE --replace\n"
            + yaml.safe_dump(content, sort_keys=False, allow_unicode=True)
        )

    @classmethod
    def read(cls, file: Path) -> "ColumnMapping":
        """Read a reviewed mapping; raises InputError for a key or role that does not exist."""
        try:
            content = read_yaml(file)
        except (OSError, yaml.YAMLError) as error:
            raise InputError(f"{file} cannot be read as YAML: {error}") from error
        known = set(cls.__dataclass_fields__)
        roles = content.get("columns")
        if not isinstance(roles, dict) or set(content) - known or set(roles) - set(NAMES):
            raise InputError(
                f"{file}: expected the keys {', '.join(sorted(known))}, with columns by role "
                f"({', '.join(NAMES)}); found {', '.join(map(str, content)) or 'nothing'}"
            )
        return cls(**content)


def propose(
    lines: duckdb.DuckDBPyConnection,
    given: Mapping[str, str],
    formats: Mapping[str, str],
    timezone: str = "UTC",
    currency: str = "",
) -> ColumnMapping:
    """Propose the mapping of the relation `transaction_lines`.

    Parameters
    ----------
    lines
        Connection that has the relation.
    given
        Columns by role that a person named; they are not guessed.
    formats
        Formats by role that a person named.
    timezone, currency
        As in `ColumnMapping`; no currency is taken for that of a currency column, if there is one.

    Raises
    ------
    InputError
        A role has no column, or more than one reading; the message names the choices.

    """
    types = dict(
        lines.execute(
            "select column_name, column_type from (describe transaction_lines)"
        ).fetchall()
    )
    columns = _columns(list(types), given)
    found = {**formats}
    for role in ("ordered_at", "amount", "quantity", "unit_price"):
        if role in columns and role not in found and types[columns[role]] == "VARCHAR":
            read = _date_format if role == "ordered_at" else _number_format
            found[role] = read(lines, role, columns[role])
    if "currency" in columns:
        currency = currency or _one_currency(lines, columns["currency"])
    return ColumnMapping(columns, found, timezone, currency or ColumnMapping.currency)


def _columns(names: Sequence[str], given: Mapping[str, str]) -> dict[str, str]:
    for role, name in given.items():
        if role not in NAMES or name not in names:
            raise InputError(
                f"--column {role}={name}: expected a role ({', '.join(NAMES)}) and one of the "
                f"columns {', '.join(names)}"
            )
    columns = dict(given)
    problems = []
    for role, groups in NAMES.items():
        if role in columns:
            continue
        free = [name for name in names if name not in columns.values()]
        candidates = _candidates(free, groups)
        if len(candidates) > 1:
            choices = " or ".join(f"--column {role}={name}" for name in candidates)
            problems.append(f"{role} could be {' or '.join(candidates)}: name it with {choices}")
        elif candidates:
            columns[role] = candidates[0]
        elif role in REQUIRED:
            problems.append(f"no column looks like {role}: name it with --column {role}=COLUMN")
    if "amount" not in columns and not {"quantity", "unit_price"} <= set(columns):
        problems.append(
            "no column looks like the amount of a line: name it with --column amount=COLUMN, or "
            "both quantity and unit_price"
        )
    if problems:
        raise InputError(
            "\n  - ".join(
                [f"the columns are {', '.join(names)}; the mapping is not clear:", *problems]
            )
        )
    return {role: columns[role] for role in NAMES if role in columns}


def _candidates(names: Sequence[str], groups: tuple[tuple[str, ...], ...]) -> list[str]:
    for group in groups:
        if found := [name for name in names if re.sub(r"[\W_]", "", name.lower()) in group]:
            return found
    return []


def _date_format(lines: duckdb.DuckDBPyConnection, role: str, column: str) -> str:
    """Return the format that reads the dates of a text column; raises InputError if not one."""
    text = trimmed(column)
    counts = ", ".join(
        [f"count(try_cast({text} as timestamp))"]
        + [f"count(try_strptime({text}, '{form}'))" for form in DATE_FORMATS]
    )
    [(total, *readable)] = lines.execute(
        f"select count({text}), {counts} from {LINES}"  # noqa: S608 - quoted
    ).fetchall()
    forms = [
        form
        for form, count in zip((ISO, *DATE_FORMATS), readable, strict=True)
        if total and count >= READABLE * total
    ]
    if forms[:1] == [ISO]:
        return ISO
    if not forms:
        raise InputError(
            f"{role}: no known format reads the texts of {column}, such as "
            f"{_example(lines, text)!r}; name it with --format {role}=FORMAT, for example "
            "%d/%m/%Y %H:%M"
        )
    if len(forms) > 1:
        choices = " or ".join(f"--format {role}='{form}'" for form in forms)
        raise InputError(
            f"{role}: {column} can be read in more than one way, such as "
            f"{_example(lines, text)!r}; choose with {choices}"
        )
    return forms[0]


def _number_format(lines: duckdb.DuckDBPyConnection, role: str, column: str) -> str:
    text = trimmed(column)
    for form, sql in NUMBERS.items():
        number = f"try_cast({sql.format(text=text)} as double)"
        [(total, count)] = lines.execute(
            f"select count({text}), count({number}) from {LINES}"  # noqa: S608 - quoted
        ).fetchall()
        if count >= READABLE * total:
            return form
    raise InputError(
        f"{role}: {column} holds texts that are no numbers, such as {_example(lines, text)!r}; "
        f"export it as a number, or name another with --column {role}=COLUMN"
    )


def _one_currency(lines: duckdb.DuckDBPyConnection, column: str) -> str:
    rows = lines.execute(
        f"select {identifier(column)}, count(*) from {LINES} where {identifier(column)} is not null"  # noqa: S608 - quoted
        " group by all order by 2 desc"
    ).fetchall()
    if len(rows) > 1:
        listed = ", ".join(f"{name} ({count:,} lines)" for name, count in rows[:5])
        raise InputError(
            f"{column} holds several currencies: {listed}. Amounts are summed as they are: convert "
            "them in the export, or export one currency"
        )
    return str(rows[0][0]) if rows else ""


def _example(lines: duckdb.DuckDBPyConnection, text: str) -> Any:
    rows = lines.execute(f"select min({text}) from {LINES}").fetchall()  # noqa: S608 - quoted
    return rows[0][0]


def trimmed(column: str) -> str:
    """Return the SQL of a column's text without blanks around it; null where nothing is left."""
    return f"nullif(trim(cast({identifier(column)} as text)), '')"
