{#- The outbox: what happened, who is affected, what they are served, since when, and what to do; one message
    for each owner of a product or of a consumer of it. `notify` delivers them. -#}

{% macro due_notifications(reviews) -%}
with contracts as (
    {{ contract_rows() }}
),

consumers as (
    {{ consumers_of_products() }}
),

incidents as (
    {{ incident_states() }}
),

states as (
    {{ product_states('contracts', '(' ~ run_states() ~ ')', recorded_at()) }}
),

duties as (
    {{ review_duties('incidents', 'contracts', reviews, recorded_at()) }}
),

events as (
    select
        *,
        lag(severity) over (partition by incident_id order by event_number) as former_severity
    from {{ source('operations', 'incident_events') }}
),

news as (
    select
        incident_id,
        event as occasion,
        cast(event_number as text) as occasion_key,
        severity,
        replace(event, '_', ' ') as headline,
        message
    from events
    where
        event in ('opened', 'recurred', 'mitigated', 'resolved')
        -- Less severe is no news; more severe is.
        or (event = 'severity_changed' and (severity = 'high' or former_severity = 'low'))

    union all

    select
        duties.incident_id,
        'overdue' as occasion,
        duties.duty || '|' || duties.subject || '|' || cast(duties.due_on as text) as occasion_key,
        incidents.severity,
        replace(duties.duty, '_', ' ') || ' overdue' as headline,
        'The ' || replace(duties.duty, '_', ' ') || ' (' || replace(duties.subject, '_', ' ') || ') by '
        || coalesce(duties.owner, 'nobody') || ' was due on ' || cast(duties.due_on as text) || '.' as message
    from duties
    inner join incidents on duties.incident_id = incidents.incident_id
    where duties.is_overdue
),

recipients as (
    select product, sla_owner as recipient from contracts
    union
    select product, owner as recipient from consumers
    union
    select 'all' as product, sla_owner as recipient from contracts
),

affected as (
    select
        product,
        string_agg(consumer || ' (' || criticality || ' criticality)', ', ' order by consumer) as consumers
    from consumers
    group by product
),

told as (
    select
        md5(concat_ws('|', news.incident_id, news.occasion, news.occasion_key, recipients.recipient)) as notification_id,
        news.incident_id,
        news.occasion,
        incidents.product,
        news.severity,
        recipients.recipient,
        '[' || news.severity || '] ' || incidents.product || ': ' || replace(incidents.cause, '_', ' ') || ' ' || news.headline as subject,
        concat_ws(
            chr(10),
            'What happened: ' || news.message,
            'Who is affected: ' || coalesce(affected.consumers, 'no consumer is declared') || '.',
            'What they are served: ' || {{ served_in_words() }},
            'Since: ' || cast(date_trunc('second', incidents.opened_at) as text) || ' UTC.',
            'What to do: ' || {{ what_to_do() }},
            'Incident: ' || news.incident_id || ', in lake.operations.incidents.'
        ) as body
    from news
    inner join incidents on news.incident_id = incidents.incident_id
    inner join recipients on incidents.product = recipients.product
    left join affected on incidents.product = affected.product
    left join states on incidents.product = states.product
    left join contracts on incidents.product = contracts.product

    union all

    select * from ({{ deprecation_notices() }}) as notices
)

select
    told.*,
    {{ recorded_at() }} as created_at,
    '{{ invocation_id }}' as invocation_id
from told
left join {{ source('operations', 'notification_messages') }} as known
    on told.notification_id = known.notification_id
where known.notification_id is null
{%- endmacro %}


{#- The owner of each consumer of a version that will be gone hears of it so many days ahead. Who comes late hears
    only the notice that is due now. -#}
{% macro deprecation_notices() -%}
    select
        md5(concat_ws('|', outputs.relation, consumers.consumer, cast(notices.days_ahead as text))) as notification_id,
        cast(null as text) as incident_id,
        'deprecation' as occasion,
        outputs.product,
        'low' as severity,
        consumers.owner as recipient,
        consumers.consumer || ': ' || outputs.relation || ' ends on ' || cast(outputs.deprecated_on as text) as subject,
        concat_ws(
            chr(10),
            'What happens: ' || outputs.relation || ' is deprecated and may be gone from ' || cast(outputs.deprecated_on as text) || ' on.',
            'Who is affected: ' || consumers.consumer || ' (' || consumers.criticality || ' criticality), which reads it.',
            'What to do: read ' || outputs.replaced_by || ' instead. ' || outputs.migration,
            'Entitlement: config.meta.access of the exposure, in models/consumers.'
        ) as body
    from ({{ served_output_rows() }}) as outputs
    inner join (
        select distinct consumer, owner, criticality, output, version
        from ({{ consumer_contract_rows() }}) as entitlements
    ) as consumers on outputs.output = consumers.output and outputs.version = consumers.version
    inner join (
        {%- for days in var('deprecation_notices') | sort %}
        select
            {{ days }} as days_ahead,
            {{ var('deprecation_notices') | sort | select('lt', days) | list | last | default(-1, true) }} as next_days_ahead
        {{ 'union all' if not loop.last }}
        {%- endfor %}
    ) as notices
        on
            cast({{ add_days(recorded_at(), 'notices.days_ahead') }} as date) >= outputs.deprecated_on
            and cast({{ add_days(recorded_at(), 'notices.next_days_ahead') }} as date) < outputs.deprecated_on
{%- endmacro %}


{% macro served_in_words() -%}
    case
        when states.product is null then 'whatever each product has; see lake.operations.prediction_freshness.'
        when states.as_of is null then 'nothing, for no run was published yet.'
        else 'the run as of ' || {{ plain_date('states.as_of') }} || ', ' || states.age_hours || ' hours old and ' || states.freshness || '.'
    end
    || case states.fallback_mode
        {%- for policy, meaning in var('action_policies').items() %}
        when '{{ policy }}' then {{ string_literal(' By the contract they ' ~ meaning ~ '.') }}
        {%- endfor %}
        else ''
    end
{%- endmacro %}


{% macro what_to_do() -%}
    case
        when news.occasion = 'resolved' and incidents.was_high
            then 'add root cause and preventive action to seeds/incident_reviews.csv within ' || contracts.review_within_days || ' days.'
        when news.occasion = 'resolved' then 'nothing.'
        when news.occasion = 'mitigated' then 'nothing at once; it is closed by the next run that is published in time.'
        when news.occasion = 'overdue' then 'answer it in seeds/incident_reviews.csv; until then the job fails.'
        else case incidents.cause
            {%- for cause, remedy in remedies().items() %}
            when '{{ cause }}' then {{ string_literal(remedy) }}
            {%- endfor %}
        end
    end
{%- endmacro %}


{% macro remedies() -%}
    {{ return({
        'run_failed': 'read the step that failed in lake.operations.step_log, repair it, and run dbt build again.',
        'run_crashed': 'run dbt build again; if it ends the same way, look for memory, disk or time limits.',
        'run_quarantined': 'read its failed checks in lake.operations.output_checks; then release_run, or repair the cause and republish.',
        'blocking_drift': 'compare the drifted features in lake.operations.output_checks with their sources; then repair, retrain and pin, or release_run.',
        'source_broken': 'repair the export of the raw table named, and run dbt build again.',
        'sla_breach': 'see that the job runs and publishes; dbt build computes the newest slot, customer-predictions backfill older ones.',
        'sla_escalation': 'answer each response of the contract by a row in seeds/incident_reviews.csv; lake.operations.review_duties lists them.',
        'serving_failed': 'see that the PostgreSQL of SERVING_DSN answers and has room; the next dbt build completes what is missing there.',
        'access_log_gap': 'have the operator restore the log as the message says, and find out who stopped it; if personal data may have been read unseen, tell the data protection officer.',
        'replay_mismatch': 'find out who changed what the message names, and restore it; then replay the run again with --record. If what was published is wrong: withdraw_run.',
        'access_denied': 'ask the owner of the role what it needs; its entitlement stands in models/consumers.'
    }) }}
{%- endmacro %}
