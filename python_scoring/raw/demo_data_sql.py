"""SQL of the demo data: how chance and the calendar act on a customer."""

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

# Probability, of 65,536, that a day's purchases and events are kept: seasons of week and year.
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

# Lifetimes are a mixture of exponentials: many customers leave early, a few stay all five years. In
# a quarter of the spells of 50 days (a bit of `pauses` each) a customer buys nothing, so that
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

# Bad rows are extra rows with their own ids, next to the sign-up of every {bad_every}th customer;
# the five kinds of flaw alternate.
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
