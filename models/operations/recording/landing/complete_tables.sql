-- Until when each raw table is complete: its newest load on the last dense load day, never later than the clock. The
-- newest load alone proves nothing: one row with a wrong time would make every label window look closed. A day is dense
-- where it has a tenth of the usual number of loads and ends a week with a quarter of the usual number: it may be a
-- holiday, and the last day is rarely whole. Usual is the lower median, so that one landing of a whole history does not
-- count as usual where there are two load days. Training asks the same (python_scoring/training/completeness.py).
with days as (
    select
        source,
        load_day,
        sum(row_count) as loads,
        max(last_loaded_at) as newest
    from {{ source('operations', 'landed_days') }}
    where load_day <= cast({{ clock() }} as date) and first_loaded_at <= {{ clock() }}
    group by source, load_day
),

weeks as (
    select
        *,
        sum(loads) over (
            partition by source
            order by load_day
            range between interval 6 day preceding and current row
        ) as in_week
    from days
),

usual as (
    select
        source,
        quantile_disc(loads, 0.5) as loads,
        quantile_disc(in_week, 0.5) as in_week
    from weeks
    group by source
)

select
    weeks.source,
    least(max(weeks.newest), {{ clock() }}) as complete_until
from weeks
inner join usual on weeks.source = usual.source
where weeks.loads >= 0.1 * usual.loads and weeks.in_week >= 0.25 * usual.in_week
group by weeks.source
