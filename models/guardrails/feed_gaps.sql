-- Gaps in the calendar of landed rows: days with hardly any load of a raw table, of those since the former batch, or of
-- the year before a first one. A weekday's usual number of rows is its lower median over that year, so that a gap of
-- months is no habit, and a shop that rests on Sundays has none. One row per run and raw table.
{%- set known_days = 364 %}

with loads as (
    select
        source,
        load_day,
        sum(row_count) as loads
    from {{ source('operations', 'landed_days') }}
    where load_day is not null
    group by source, load_day
),

firsts as (
    select
        source,
        min(load_day) as first_day
    from loads
    group by source
),

calendar as (
    select
        runs.run_id,
        firsts.source,
        coalesce(cast(runs.former_as_of as date), date '0001-01-01') as looked_at_from,
        cast(unnest(generate_series(
            greatest(firsts.first_day, cast(runs.as_of as date) - {{ known_days }}),
            cast(runs.as_of as date) - 1,
            interval 1 day
        )) as date) as load_day
    from {{ product_ref('statistics') }} as runs
    cross join firsts
),

days as (
    select
        calendar.run_id,
        calendar.source,
        calendar.load_day,
        calendar.load_day >= calendar.looked_at_from as is_looked_at,
        coalesce(loads.loads, 0) as loads,
        quantile_disc(coalesce(loads.loads, 0), 0.5) over (
            partition by calendar.run_id, calendar.source, isodow(calendar.load_day)
        ) as usual
    from calendar
    left join loads on calendar.source = loads.source and calendar.load_day = loads.load_day
),

-- Where twenty rows are usual, chance leaves less than a tenth of them on one day in five million.
gaps as (
    select
        *,
        is_looked_at and usual >= 20 and loads * 10 < usual as is_gap
    from days
)

select
    run_id,
    source,
    count(*) as known_days,
    max(usual) as usual,
    count_if(is_looked_at) as looked_at_days,
    count_if(is_gap) as gaps,
    min(load_day) filter (where is_gap) as first_gap,
    max(load_day) filter (where is_gap) as last_gap
from gaps
group by run_id, source
