"""Make a shop's raw data of any size, the same on every machine: customers, orders and events.

Time is counted in whole seconds since 2010-01-01. Customer `k` signs up at a constant rate over
absolute time, and all of its life is a function of the number of customers and `k` alone, so a
later `until` only adds newer rows and drops the oldest customers. Chance comes from MD5 of
readable keys, and arithmetic is exact or correctly rounded: no seed, platform or thread matters.
"""

import json
import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta, timezone
from pathlib import Path

import duckdb
from tqdm import tqdm

from python_scoring.errors import InputError

EPOCH = datetime(2010, 1, 1)
DAY = 86_400
SPAN = 1_826 * DAY  # five years of sign-ups: a window that ends on 2015-01-01 starts at the epoch
CHUNK_CUSTOMERS = 50_000  # about a million orders: memory stays flat, files stay handy
WORKERS = min(4, os.cpu_count() or 1)  # cohorts at a time, about 300 MB each
MARKER = "_demo_data.json"

# A draw is 64 bits of MD5, cut into lanes. A sum of four lanes is nearly normal and (1 + x/8)^8
# is nearly e^x: the real ln and exp differ between platforms in the last bit.
MACROS = """
create macro first_half(digest) as (digest >> 64)::ubigint;
create macro second_half(digest) as (digest & 18446744073709551615::uhugeint)::ubigint;
create macro draw(kind, k) as first_half(md5_number(kind || '|' || k));
create macro lane(bits, place, width) as  -- unsigned throughout: anything else becomes a hugeint
    ((bits >> (place * width)::ubigint) & ((1::ubigint << width::ubigint) - 1)::ubigint)::bigint;
create macro share(bits, place) as (lane(bits, place, 16) + 0.5::double) / 65536;
create macro spread(bits, place, low, high) as low + lane(bits, place, 16) * (high - low) // 65536;
create macro near_normal(bits, width) as (
    lane(bits, 0, width) + lane(bits, 1, width) + lane(bits, 2, width) + lane(bits, 3, width)
    - 2 * ((1 << width) - 1)
) * sqrt(3::double) / (1 << width);
create macro square(x) as x * x;
create macro near_exponential(x) as square(square(square(1 + x / 8)));
create macro near_poisson(mean, bits) as
    greatest(0, floor(mean + sqrt(mean) * near_normal(bits, 16) + 0.5::double)::bigint);
create macro step_start(place) as place * {span} // {customers};
-- The jitter repeats every five years: so every window holds exactly the same number of sign-ups.
create macro sign_up(k) as k // {customers} * {span} + step_start(k % {customers})
    + lane(draw('sign-up', k % {customers}), 0, 32)
    % greatest(1, step_start(k % {customers} + 1) - step_start(k % {customers}));
create macro moment(second) as make_timestamp(({epoch} + second) * 1000000);
create macro customer_name(k) as printf('C%08d', k);
"""

# How likely a day's purchases and events are to be kept, of 65,536: seasons of week and year.
CALENDAR = """
create table calendar as
with days as (select day, date '2010-01-01' + day::integer as date from range({days}) as t (day))
select
    day,
    65536 * [88, 92, 95, 100, 97, 76, 62][isodow(date)]
    * [72, 70, 75, 78, 80, 76, 66, 64, 78, 86, 100, 98][month(date)] // 10000 as acceptance,
from days
"""

COUNTRIES = """
create table countries as
select *, sum(weight) over (order by position) - weight as first_slot, list(country) over () as all
from (values
    (0, 'GB', 88, 1.00), (1, 'DE', 42, 1.08), (2, 'FR', 32, 0.95), (3, 'NL', 22, 1.10),
    (4, 'ES', 17, 0.88), (5, 'IT', 14, 0.85), (6, 'BE', 11, 1.00), (7, 'IE', 9, 1.05),
    (8, 'SE', 7, 1.02), (9, 'PL', 6, 0.80), (10, 'CH', 5, 1.15), (11, 'US', 3, 0.75)
) as shares (position, country, weight, pace)
"""

# Lifetimes are a mixture of exponentials: many customers leave early, a few stay all five years.
# In a quarter of the spells of 50 days (a bit of `pauses` each) a customer buys nothing, so that
# silence is not yet churn. Seasons and pauses keep about 0.514 of the `expected` purchases.
LIVES = """
create or replace temp table lives as
with signed_up as (
    select k, sign_up(k) as signed_up, draw('life', k) as bits,
    from range({first}, {last}) as t (k)
),

placed as (
    select
        signed_up.*, country, pace, draw('move', k) as move,
        countries.all[(position + 1 + lane(bits, 2, 16) % 11) % 12 + 1] as next_country,
        least({span}, floor(1150 * {day} * (1 / sqrt(1 - share(bits, 0)) - 1))::bigint) as life,
    from signed_up
    join countries on lane(bits, 1, 16) % 256 between first_slot and first_slot + weight - 1
),

paced as (
    select *, life / {day} * pace / 34.5 / 0.514
        * near_exponential(0.95 * near_normal(draw('pace', k), 16)) as expected,
    from placed
)

select
    k, signed_up, life, country, next_country, move,
    draw('pause', k) & draw('break', k) as pauses,
    40 * near_exponential(near_normal(draw('price', k), 16)) as price_level,
    1 + least(1000, near_poisson(expected, draw('orders', k))) as order_candidates,
    1 + least(1000, near_poisson(
        0.36 * expected * near_exponential(0.4 * near_normal(draw('interest', k), 16)),
        draw('events', k)
    )) as event_candidates,
from paced
"""

CUSTOMERS = """
with loads as (
    select *, signed_up as loaded from lives  -- the sign-up form writes at once
    union all by name
    select * replace (next_country as country),
        signed_up + spread(move, 1, {day}, 1000 * {day}) as loaded,
    from lives where share(move, 0) < 0.03
)

select
    customer_name(k) as customer_id, moment(signed_up) as signed_up_at, country,
    moment(loaded) as loaded_at,
from loads
where loaded < {until}
order by k, loaded
"""

PURCHASES = """
create or replace temp table purchases as
with drawn as (
    select *, md5_number('order|' || k || '|' || n) as digest,
    from (select *, unnest(range(order_candidates)) as n from lives)
),

timed as (
    select *, first_half(digest) as bits,  -- the first purchase comes within two days
        signed_up + (lane(bits, 0, 32) * if(n = 0, least(life, 2 * {day}), life) >> 32) as second,
    from drawn
),

kept as (
    select timed.*, second_half(digest) as more, share(more, 3) as chance,
        near_exponential(0.6 * near_normal(more, 8)) as size,
    from timed join calendar on timed.second // {day} = calendar.day
    where timed.second < {until} and (
        n = 0 or lane(bits, 2, 16) < acceptance
        and lane(pauses, (timed.second - signed_up) // (50 * {day}), 1) = 0
    )
)

select
    k, 2048 * k + 2 * n as number, second,
    least(500000, greatest(100, floor(100 * price_level * size)::bigint)) as cents,
    1 + floor(3 * size * (lane(more, 4, 8) + 128) / 256)::bigint as quantity,
    1 + ((quantity - 1) * lane(more, 5, 8) >> 8) as products,
    case
        when chance < 0.01 then 'late' when chance < 0.015 then 'corrected'
        when chance < 0.018 then 'repeated' when chance < 0.058 then 'returned'
    end as fate,
    second + spread(bits, 3, 180, 10800)
        + if(fate = 'late', spread(bits, 0, {day}, 10 * {day}), 0) as loaded,
from kept
"""

# Bad rows are extra rows with an id of their own, beside the sign-up of every {bad_every}th
# customer; each of the five kinds of flaw takes its turn.
ORDERS = """
with later as (
    select *, draw('afterwards', number) as bits, 1 + lane(bits, 0, 16) % 2 as part,
    from purchases where fate in ('corrected', 'returned')
),

loads as (
    select k, number, second, cents, quantity, products, loaded, null as flaw from purchases
    union all by name
    select k, number, second, cents, quantity, products, loaded,
    from purchases where fate = 'repeated'
    union all by name
    select
        k, number, second, quantity, products,
        cents + if(cents < 2500, 1, -1) * (1 + spread(bits, 0, 0, cents // 2)) as cents,
        loaded + spread(bits, 1, {day}, 20 * {day}) as loaded,
    from later where fate = 'corrected'
    union all by name
    select
        k, number + 1 as number, later.second + spread(bits, 1, {day}, 30 * {day}) as second,
        -greatest(100, cents // part) as cents, -greatest(1, quantity // part) as quantity,
        greatest(1, products // part) as products,
        later.second + spread(bits, 1, {day}, 30 * {day}) + spread(bits, 2, 180, 10800) as loaded,
    from later where fate = 'returned'
    union all by name
    select
        k, 2048 * k + 2047 as number, k // {bad_every} % 5 as flaw, 1 as quantity, 1 as products,
        signed_up + if(flaw = 4, 2 * {day}, 3600) as second, signed_up + 7200 as loaded,
        if(flaw = 3, 9999999999900, 2500) as cents,
    from lives where k % {bad_every} = 0
)

select
    if(flaw = 1, '  ', printf('O%011d', number)) as order_id,
    case when flaw = 0 then null when flaw = 2 then 'X' || k else customer_name(k) end
        as customer_id,
    moment(second) as ordered_at, (cents * 0.01::decimal(3, 2))::decimal(18, 2) as amount,
    quantity::integer as quantity, products::integer as product_count, moment(loaded) as loaded_at,
from loads
where loaded < {until}
order by k, second, number, loaded, cents
"""

# Support tickets gather towards the end of a life; e-mails and visits go on for up to two weeks.
EVENTS = """
with drawn as (
    select *, md5_number('event|' || k || '|' || n) as digest,
        first_half(digest) as bits, second_half(digest) as more, share(more, 0) as kind,
        lane(bits, 0, 32) as progress,
        case
            when kind < 0.06 then 'support_ticket' when kind < 0.22 then 'cart'
            when kind < 0.50 then 'email_open' else 'visit'
        end as event_type,
    from (select *, unnest(range(event_candidates)) as n from lives)
),

timed as (
    select *, signed_up + (case
        when event_type = 'support_ticket' then greatest(progress, lane(more, 1, 32)) * life
        when event_type = 'cart' then progress * life
        else progress * (life + 14 * {day})
    end >> 32) as second,
    from drawn
),

loads as (
    select timed.*, second + spread(bits, 3, 60, 10800)
        + if(share(more, 1) < 0.01, spread(bits, 0, {day}, 10 * {day}), 0) as loaded,
        unnest(range(if(share(more, 1) > 0.997, 2, 1))),  -- some are loaded twice
    from timed join calendar on timed.second // {day} = calendar.day
    where lane(bits, 2, 16) < acceptance
)

select
    printf('E%011d', 1024 * k + n) as event_id, customer_name(k) as customer_id, event_type,
    moment(second) as occurred_at, moment(loaded) as loaded_at,
from loads
where loaded < {until}
order by k, second, n
"""

TABLES = {"customers": CUSTOMERS, "orders": ORDERS, "events": EVENTS}


def generate(
    customers: int, until: datetime, out: Path, *, progress: bool = True
) -> dict[str, int]:
    """Write what a shop had loaded by `until` (UTC) into the folder `out`; rows by table.

    `customers` people signed up within the five years before `until`. Up to `CHUNK_CUSTOMERS` of
    them fit `<out>/<table>.parquet`; more become a folder `<table>` with one file per cohort.
    The folder appears as a whole or not at all, and replaces only what this function made.
    """
    until_second = _checked(customers, until)
    out = out.resolve()
    _refuse_foreign_files(out)
    unfinished = out.with_name(f".{out.name}.unfinished")
    former = out.with_name(f".{out.name}.former")
    for left_by_a_killed_run in (unfinished, former):
        shutil.rmtree(left_by_a_killed_run, ignore_errors=True)
    unfinished.mkdir(parents=True)
    try:
        rows = _write(customers, until_second, unfinished, progress=progress)
        files = sorted(p.relative_to(unfinished).as_posix() for p in unfinished.rglob("*.parquet"))
        marker = {"customers": customers, "until": until.isoformat(), "rows": rows, "files": files}
        (unfinished / MARKER).write_text(json.dumps(marker, indent=2) + "\n", encoding="utf-8")
        if out.exists():
            out.rename(former)
        unfinished.rename(out)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    shutil.rmtree(former, ignore_errors=True)
    return rows


def _checked(customers: int, until: datetime) -> int:
    """The seconds from the epoch to `until`, rounded up; complains about unusable arguments."""
    if customers < 1:
        raise InputError(f"customers is {customers}: expected at least 1; ask for 500 or more")
    if until.tzinfo is not None:
        until = until.astimezone(timezone.utc).replace(tzinfo=None)
    since = until - EPOCH
    if since < timedelta(seconds=SPAN):
        raise InputError(
            f"until is {until:%Y-%m-%d}: expected 2015-01-01 or later, because five years of"
            " sign-ups start in 2010; choose a later date"
        )
    return since.days * DAY + since.seconds + (since.microseconds > 0)


def _refuse_foreign_files(out: Path) -> None:
    """Complain unless `out` is absent, empty, or holds nothing but what `generate` put there."""
    if not out.exists():
        return
    expected = "expected a new or empty folder, or one made by demo-data"
    if not out.is_dir():
        raise InputError(f"out is {out}, a file: {expected}; choose another folder")
    own = set()
    if (out / MARKER).exists():
        try:
            own = {MARKER, *json.loads((out / MARKER).read_text(encoding="utf-8"))["files"]}
        except (ValueError, KeyError, TypeError) as error:
            raise InputError(
                f"out is {out}, whose {MARKER} is not readable ({error}): {expected};"
                " choose another folder, or empty this one"
            ) from error
    for path in sorted(out.rglob("*")):
        if not path.is_dir() and path.relative_to(out).as_posix() not in own:
            raise InputError(
                f"out is {out}, which holds {path.relative_to(out)}: {expected};"
                " choose another folder, or move that file away"
            )


def _connect(spill: Path) -> duckdb.DuckDBPyConnection:
    """A DuckDB that stays below 3 GB and spills, if ever, into the folder `spill`."""
    return duckdb.connect(config={"memory_limit": "3GB", "temp_directory": str(spill)})


def _write(customers: int, until_second: int, folder: Path, *, progress: bool) -> dict[str, int]:
    """Write all tables into `folder`, cohort by cohort of customers; rows by table."""
    values: dict[str, object] = {
        "customers": customers,
        "until": until_second,
        "span": SPAN,
        "day": DAY,
        "days": until_second // DAY + 1,
        "epoch": int(EPOCH.replace(tzinfo=timezone.utc).timestamp()),
        # About one order in 5,000 is bad; small data get a few of each kind all the same.
        "bad_every": max(1, min(250, customers // 10)),
    }
    spill = folder / "spill"
    with _connect(spill) as connection:
        for statement in (MACROS, CALENDAR, COUNTRIES):
            connection.execute(statement.format_map(values))
        first = _first_customer(connection, customers, until_second)
        cohorts = range(first, first + customers, CHUNK_CUSTOMERS)

        def write_cohort(start: int) -> dict[str, int]:
            last = min(start + CHUNK_CUSTOMERS, first + customers)
            cohort = values | {"first": start, "last": last}
            part = f"/part-{cohorts.index(start):04d}" if len(cohorts) > 1 else ""
            with connection.cursor() as cursor:
                cursor.execute(LIVES.format_map(cohort))
                cursor.execute(PURCHASES.format_map(cohort))
                return {
                    table: _copy(
                        cursor, query.format_map(cohort), folder / f"{table}{part}.parquet"
                    )
                    for table, query in TABLES.items()
                }

        # DuckDB runs so few customers in one thread, so the cohorts go in parallel.
        with ThreadPoolExecutor(WORKERS) as pool:
            written = list(
                tqdm(
                    pool.map(write_cohort, cohorts),
                    total=len(cohorts),
                    desc="demo data",
                    unit="cohort",
                    disable=None if progress else True,
                )
            )
    shutil.rmtree(spill, ignore_errors=True)
    return {table: sum(counts[table] for counts in written) for table in TABLES}


def _first_customer(
    connection: duckdb.DuckDBPyConnection, customers: int, until_second: int
) -> int:
    """The oldest customer of the five years before `until`; the following ones are consecutive."""
    near = (until_second - SPAN) * customers // SPAN
    found = connection.execute(
        "select min(k) from range(greatest(0, $near - 1), $near + 3) as t (k)"
        " where sign_up(k) >= $since",
        {"near": near, "since": until_second - SPAN},
    ).fetchall()
    return int(found[0][0])


def _copy(connection: duckdb.DuckDBPyConnection, query: str, path: Path) -> int:
    """Write a query's rows into one Parquet file; how many."""
    path.parent.mkdir(exist_ok=True)
    target = str(path).replace("'", "''")
    done = connection.execute(f"copy ({query}) to '{target}' (format parquet, compression zstd)")
    return int(done.fetchall()[0][0])
