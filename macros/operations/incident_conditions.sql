{#- Conditions of incidents, by product and cause: each open incident has one, and each condition an incident.
    A run that is published in time, for the same slot or a later one, resolves the conditions before it. -#}

{% macro recoveries(contracts) -%}
    select
        ledger.product,
        ledger.as_of,
        ledger.entry,
        ledger.recorded_at <= {{ add_hours('ledger.as_of', 'contracts.deadline_hours') }} as is_in_time
    from {{ source('operations', 'run_ledger') }} as ledger
    inner join {{ contracts }} as contracts on ledger.product = contracts.product
    where ledger.status in ('published', 'released')
{%- endmacro %}


{#- Runs that failed, crashed or were quarantined, and builds that found no usable sources. -#}
{% macro run_conditions(contracts) -%}
    select
        ledger.product,
        case
            when ledger.status = 'failed' then 'run_failed'
            when ledger.status = 'crashed' then 'run_crashed'
            when drifted.run_id is not null then 'blocking_drift'
            else 'run_quarantined'
        end as cause,
        ledger.as_of,
        ledger.entry as watermark,
        ledger.entry as ledger_entry,
        'The run as of ' || {{ plain_date('ledger.as_of') }} || case ledger.status
            when 'failed' then ' failed: '
            when 'crashed' then ' crashed: '
            else ' was quarantined: '
        end || ledger.reason as message
    from {{ source('operations', 'run_ledger') }} as ledger
    left join (
        select distinct run_id from {{ source('operations', 'output_checks') }}
        where
            outcome = 'failed'
            and severity = 'block'
            and check_name in ('{{ var("drift_checks") | join("', '") }}')
    ) as drifted on ledger.run_id = drifted.run_id
    where
        ledger.status in ('failed', 'crashed', 'quarantined')
        -- It waits for an earlier slot, which has a condition of its own.
        and ledger.reason not like 'postponed:%'

    union all

    select
        contracts.product,
        'source_broken' as cause,
        cast(null as timestamp) as as_of,
        failures.entry as watermark,
        failures.ledger_entry,
        failures.message
    from {{ source('operations', 'source_failures') }} as failures
    cross join {{ contracts }} as contracts
{%- endmacro %}


{% macro sla_conditions() -%}
    select
        product,
        'sla_breach' as cause,
        as_of,
        kind = 'age' as needs_later_slot,
        entry as watermark,
        case kind
            when 'slot' then 'The slot ' || {{ plain_date('as_of') }} || ' was not published by its deadline, '
            else 'The predictions as of ' || {{ plain_date('as_of') }} || ' were served beyond their maximum age, reached at '
        end || cast(deadline as text) || ' UTC.' as message
    from {{ source('operations', 'sla_records') }}
    where outcome = 'breached'
{%- endmacro %}


{#- So many breaches since the last escalation that the way of working has to change. -#}
{% macro escalation_conditions(contracts, accounted_for) -%}
    select
        breaches.product,
        'sla_escalation' as cause,
        max(breaches.as_of) as as_of,
        max_by(breaches.kind, breaches.entry) = 'age' as needs_later_slot,
        max(breaches.entry) as watermark,
        count(*) || ' breaches of the SLA within ' || max(contracts.escalation_within_days)
        || ' days, the last for ' || {{ plain_date('max(breaches.as_of)') }} || '.' as message
    from {{ source('operations', 'sla_records') }} as breaches
    inner join {{ contracts }} as contracts on breaches.product = contracts.product
    left join {{ accounted_for }} as accounted
        on breaches.product = accounted.product and accounted.cause = 'sla_escalation'
    where
        breaches.outcome = 'breached'
        and breaches.entry > coalesce(accounted.watermark, 0)
        and breaches.deadline > {{ add_days(recorded_at(), '-contracts.escalation_within_days') }}
    group by breaches.product
    having count(*) >= max(contracts.escalation_breaches)
{%- endmacro %}


{#- A series of denied reads by one role: somebody tries, or an entitlement is wrong. -#}
{% macro access_conditions(contracts) -%}
    {%- set limit = var('denied_access') -%}
    select
        product,
        'access_denied' as cause,
        cast(null as timestamp) as as_of,
        max(watermark) as watermark,
        string_agg('The role ' || role || ' was denied ' || denials || ' times within {{ limit.within_hours }} hours.', ' ' order by role) as message
    from (
        select
            coalesce(contracts.product, 'all') as product,
            denied.role,
            count(*) as denials,
            {{ epoch_microseconds('max(denied.logged_at)') }} as watermark
        from {{ source('operations', 'access_log') }} as denied
        left join {{ contracts }} as contracts on left(denied.output, length(contracts.product) + 1) = contracts.product || '_'
        where
            not denied.allowed
            and denied.logged_at > {{ add_hours(recorded_at(), '-' ~ limit.within_hours) }}
        group by coalesce(contracts.product, 'all'), denied.role
        having count(*) >= {{ limit.denials }}
    ) as series
    group by product
{%- endmacro %}


{#- Publications to the serving database that failed and did not succeed since. -#}
{% macro serving_conditions() -%}
    select
        failed.product,
        'serving_failed' as cause,
        cast(null as timestamp) as as_of,
        failed.entry as watermark,
        'The serving database could not be brought up to date: ' || failed.message as message,
        exists (
            select 1 from {{ source('operations', 'serving_log') }} as later
            where later.product = failed.product and later.entry > failed.entry and later.outcome = 'served'
        ) as is_resolved
    from {{ source('operations', 'serving_log') }} as failed
    where failed.outcome = 'failed'
{%- endmacro %}


{#- Runs that came out otherwise when they were computed again, and not the same since. -#}
{% macro replay_conditions() -%}
    select
        differing.product,
        'replay_mismatch' as cause,
        differing.as_of,
        differing.entry as watermark,
        'A replay differs from what was recorded. ' || differing.message as message,
        exists (
            select 1 from {{ source('operations', 'replay_log') }} as later
            where later.run_id = differing.run_id and later.entry > differing.entry and later.outcome = 'identical'
        ) as is_resolved
    from {{ source('operations', 'replay_log') }} as differing
    where differing.outcome = 'differs'
{%- endmacro %}


{#- Conditions that are neither accounted for nor resolved, one row per product and cause. It reads the CTEs
    of due_incident_events. -#}
{% macro incident_conditions() -%}
    {%- set later_run -%}
        recovery.entry > runs.ledger_entry and recovery.as_of >= coalesce(runs.as_of, recovery.as_of)
    {%- endset -%}
    select
        all_conditions.product,
        all_conditions.cause,
        max_by(all_conditions.as_of, all_conditions.watermark) as as_of,
        max(all_conditions.watermark) as watermark,
        max_by(all_conditions.message, all_conditions.watermark) as message,
        {{ all_true('all_conditions.is_mitigated') }} as is_mitigated
    from (
        select
            runs.product,
            runs.cause,
            runs.as_of,
            runs.watermark,
            runs.message,
            {{ exists_recovery('runs', later_run) }} as is_mitigated,
            {{ exists_recovery('runs', 'recovery.is_in_time and ' ~ later_run) }} as is_resolved
        from run_conditions as runs

        union all

        select
            promises.product,
            promises.cause,
            promises.as_of,
            promises.watermark,
            promises.message,
            {{ exists_recovery(
                'promises',
                'recovery.as_of >= promises.as_of and not (promises.needs_later_slot and recovery.as_of = promises.as_of)'
            ) }} as is_mitigated,
            {{ exists_recovery('promises', 'recovery.is_in_time and recovery.as_of > promises.as_of') }} as is_resolved
        from (select * from sla_conditions union all select * from escalation_conditions) as promises

        union all

        select
            product,
            cause,
            as_of,
            watermark,
            message,
            false as is_mitigated,
            is_resolved
        from (
            select * from serving_conditions
            union all
            select * from access_log_conditions
            union all
            select * from replay_conditions
        ) as logged

        union all

        select
            *,
            false as is_mitigated,
            false as is_resolved
        from access_conditions
    ) as all_conditions
    left join accounted_for
        on all_conditions.product = accounted_for.product and all_conditions.cause = accounted_for.cause
    where not all_conditions.is_resolved and all_conditions.watermark > coalesce(accounted_for.watermark, 0)
    group by all_conditions.product, all_conditions.cause
{%- endmacro %}


{% macro exists_recovery(incident_condition, condition) -%}
    exists (
        select 1 from recoveries as recovery
        where recovery.product = {{ incident_condition }}.product and {{ condition }}
    )
{%- endmacro %}


{#- The newest watermark of each product and cause, resolved or not. -#}
{% macro known_watermarks(contracts) -%}
    select
        product,
        cause,
        max(watermark) as watermark
    from (
        select product, cause, watermark from ({{ run_conditions(contracts) }}) as runs
        union all
        select product, cause, watermark from ({{ sla_conditions() }}) as promises
        union all
        select product, 'sla_escalation' as cause, watermark from ({{ sla_conditions() }}) as promises
        union all
        select product, cause, watermark from ({{ serving_conditions() }}) as servings
        union all
        select product, cause, watermark from ({{ access_log_conditions() }}) as loads
        union all
        select product, cause, watermark from ({{ replay_conditions() }}) as replays
        union all
        select product, cause, watermark from ({{ access_conditions(contracts) }}) as accesses
    ) as known
    group by product, cause
{%- endmacro %}
