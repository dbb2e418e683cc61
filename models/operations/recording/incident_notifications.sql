-- Messages about incidents: what happened, who is affected, what they are served, since when, and what to do; one for
-- each owner of a product or of a consumer of it, recorded or not.
with contracts as (
    select * from {{ ref('prediction_contracts') }}
),

affected as (
    select
        product,
        string_agg(consumer || ' (' || criticality || ' criticality)', ', ' order by consumer) as consumers
    from {{ ref('product_consumers') }}
    group by product
)

select
    news.incident_id,
    news.occasion,
    incidents.product,
    news.severity,
    recipients.recipient,
    md5(concat_ws('|', news.incident_id, news.occasion, news.occasion_key, recipients.recipient)) as notification_id,
    '[' || news.severity || '] ' || incidents.product || ': ' || replace(incidents.cause, '_', ' ')
    || ' ' || news.headline as subject,
    concat_ws(
        chr(10),
        'What happened: ' || news.message,
        'Who is affected: ' || coalesce(affected.consumers, 'no consumer is declared') || '.',
        'What they are served: ' || case
            when states.product is null then 'whatever each product has; see lake.operations.prediction_freshness.'
            when states.as_of is null then 'nothing, for no run was published yet.'
            else
                'the run as of ' || {{ plain_date('states.as_of') }} || ', ' || states.age_hours || ' hours old and '
                || states.freshness || '.'
        end || case states.fallback_mode
            {%- for policy, meaning in var('action_policies').items() %}
            when '{{ policy }}' then {{ string_literal(' By the contract they ' ~ meaning ~ '.') }}
            {%- endfor %}
            else ''
        end,
        'Since: ' || cast(date_trunc('second', incidents.opened_at) as text) || ' UTC.',
        'What to do: ' || case
            when news.occasion = 'resolved' and incidents.was_high
                then
                    'add root cause and preventive action to seeds/incident_reviews.csv within '
                    || contracts.review_within_days || ' days.'
            when news.occasion = 'resolved' then 'nothing.'
            when news.occasion = 'mitigated'
                then 'nothing at once; it is closed by the next run that is published in time.'
            when news.occasion = 'overdue' then 'answer it in seeds/incident_reviews.csv; until then the job fails.'
            {%- for cause, remedy in remedies().items() %}
            when incidents.cause = '{{ cause }}' then {{ string_literal(remedy) }}
            {%- endfor %}
        end,
        'Incident: ' || news.incident_id || ', in lake.operations.incidents.'
    ) as body
from {{ ref('incident_news') }} as news
inner join {{ ref('incident_states') }} as incidents on news.incident_id = incidents.incident_id
inner join {{ ref('incident_recipients') }} as recipients on incidents.product = recipients.product
left join affected on incidents.product = affected.product
left join {{ ref('product_states') }} as states on incidents.product = states.product
left join contracts on incidents.product = contracts.product
