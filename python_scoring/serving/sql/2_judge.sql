-- How fresh a product is at an instant, and whether consumers may act on it: the rules of
-- models/operations/product_states.sql and prediction_freshness.sql.
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
            case
                when judge.as_of is null then 'never published'
                when aged.age_hours > judge.max_age_hours then 'stale'
                when judge.read_at > judge.fresh_until then 'due'
                else 'fresh'
            end as freshness
        from aged
    ),

    reasoned as (
        select
            fresh.age_hours,
            fresh.freshness,
            case fresh.freshness
                when 'never published' then 'Nothing was published yet.'
                when 'stale' then
                    'The predictions are older than the ' || judge.max_age_hours
                    || ' hours that the contract allows.'
            end as age_reason,
            (
                select string_agg(pending.value ->> 'reason', ' ' order by pending.ordinality)
                from jsonb_array_elements(judge.pending_responses) with ordinality as pending
                where cast(judge.read_at as date) > cast(pending.value ->> 'due_on' as date)
            ) as response_reason
        from fresh
    )

    select
        reasoned.age_hours,
        reasoned.freshness,
        case
            when judge.as_of is null then null
            when reasoned.freshness = 'fresh' and not judge.newer_run_failed then 'current'
            else 'last_known_good'
        end,
        coalesce(reasoned.age_reason, judge.incident_reason, reasoned.response_reason) is null,
        nullif(
            concat_ws(' ', reasoned.age_reason, judge.incident_reason, reasoned.response_reason), ''
        )
    from reasoned;
end;
