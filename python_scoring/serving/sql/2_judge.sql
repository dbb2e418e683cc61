-- How fresh a product is at an instant, and whether consumers may act on it, by the expressions of
-- macros/operations/freshness.sql, which the lake's views call too.
-- It holds no data of its own, so whoever reads a view may call it. The body is parsed here and
-- now: no search_path of a reader changes what it means, and it is still inlined.
create or replace function serving.judge(
    as_of timestamp,
    fresh_until timestamp,
    max_age_hours numeric,
    newer_run_failed boolean,
    incident_reason text,
    pending_responses jsonb,
    read_at timestamp
) returns table (
    age_hours numeric,
    freshness text,
    served_as text,
    action_allowed boolean,
    action_blocked_reason text
)
language sql immutable parallel safe rows 1
begin atomic
    with aged as (
        -- Whole seconds over 3600 as a double, then rounded half away from zero: what DuckDB does.
        select cast(
            sign(hundredths) * floor(abs(hundredths) + 0.5) as numeric
        ) / 100.00 as age_hours
        from (
            select
                cast(
                    floor(extract(epoch from judge.read_at)) - floor(extract(epoch from judge.as_of))
                    as double precision
                ) / 3600 * 100 as hundredths
        ) as elapsed
    ),

    fresh as (
        select
            cast(aged.age_hours as numeric(18, 2)) as age_hours,
            {{ freshness(
                'judge.as_of', 'aged.age_hours', 'judge.max_age_hours', 'judge.fresh_until', 'judge.read_at'
            ) }} as freshness
        from aged
    ),

    reasoned as (
        select
            fresh.age_hours,
            fresh.freshness,
            {{ age_reason('fresh.freshness', 'judge.max_age_hours') }} as age_reason,
            (
                select string_agg(pending.value ->> 'reason', ' ' order by pending.ordinality)
                from jsonb_array_elements(judge.pending_responses) with ordinality as pending
                where {{ is_overdue("pending.value ->> 'due_on'", 'judge.read_at') }}
            ) as response_reason
        from fresh
    )

    select
        reasoned.age_hours,
        reasoned.freshness,
        {{ served_as('judge.as_of', 'reasoned.freshness', 'judge.newer_run_failed') }},
        {{ action_allowed(['reasoned.age_reason', 'judge.incident_reason', 'reasoned.response_reason']) }},
        {{ action_blocked_reason(['reasoned.age_reason', 'judge.incident_reason', 'reasoned.response_reason']) }}
    from reasoned;
end;
