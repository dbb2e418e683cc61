-- Messages to the owner of each consumer of a version that is deprecated, so many days ahead of its end. A consumer who
-- is entitled late gets the notice that is due now, and no earlier one.
{%- set days_ahead = var('deprecation_notices') | sort %}

with outputs as (
    select * from {{ ref('served_outputs') }}
),

consumers as (
    select distinct
        consumer,
        owner,
        criticality,
        output,
        version
    from {{ ref('consumer_contracts') }}
),

notices as (
    {%- for days in days_ahead %}
    select
        {{ days }} as days_ahead,
        {{ days_ahead | select('lt', days) | list | last | default(-1, true) }} as next_days_ahead
    {{ 'union all' if not loop.last }}
    {%- endfor %}
)

select
    cast(null as text) as incident_id,
    'deprecation' as occasion,
    outputs.product,
    'low' as severity,
    consumers.owner as recipient,
    md5(concat_ws('|', outputs.relation, consumers.consumer, cast(notices.days_ahead as text))) as notification_id,
    consumers.consumer || ': ' || outputs.relation || ' ends on ' || cast(outputs.deprecated_on as text) as subject,
    concat_ws(
        chr(10),
        'What happens: ' || outputs.relation || ' is deprecated and may be gone from '
        || cast(outputs.deprecated_on as text) || ' on.',
        'Who is affected: ' || consumers.consumer || ' (' || consumers.criticality || ' criticality), which reads it.',
        'What to do: read ' || outputs.replaced_by || ' instead. ' || outputs.migration,
        'Entitlement: config.meta.access of the exposure, in models/consumers.'
    ) as body
from outputs
inner join consumers on outputs.output = consumers.output and outputs.version = consumers.version
inner join notices
    on
        cast({{ current_utc_timestamp() }} + to_days(notices.days_ahead) as date) >= outputs.deprecated_on
        and cast({{ current_utc_timestamp() }} + to_days(notices.next_days_ahead) as date) < outputs.deprecated_on
