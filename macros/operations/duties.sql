{#- What people owe: a review of each incident of high severity, the responses to each escalation, and the
    preventive actions that reviews promise. Done is what stands in seeds/incident_reviews.csv. -#}

{% macro review_duties(incidents, contracts, reviews, read_at) -%}
with incidents as (
    select * from {{ incidents }}
),

contracts as (
    select * from {{ contracts }}
),

reviews as (
    select * from {{ reviews }}
),

responses as (
    {{ escalation_responses() }}
),

owed_reviews as (
    select
        incidents.incident_id,
        incidents.product,
        'review' as duty,
        'root cause and preventive action' as subject,
        contracts.sla_owner as owner,
        cast({{ add_days('incidents.resolved_at', 'contracts.review_within_days') }} as date) as due_on,
        cast(incidents.reviewed_at as date) as done_on,
        incidents.incident_id in (
            select reviews.incident_id from reviews
            where reviews.root_cause <> '' and reviews.preventive_action <> ''
        ) as is_done
    from incidents
    inner join contracts on incidents.product = contracts.product
    where incidents.was_high and incidents.resolved_at is not null
),

owed_responses as (
    select
        incidents.incident_id,
        incidents.product,
        'response' as duty,
        responses.response as subject,
        contracts.sla_owner as owner,
        cast({{ add_days('incidents.opened_at', 'responses.within_days') }} as date) as due_on,
        answered.done_on,
        answered.incident_id is not null as is_done
    from incidents
    inner join contracts on incidents.product = contracts.product
    inner join responses on incidents.product = responses.product
    left join (
        select
            incident_id,
            action_kind,
            max(done_on) as done_on
        from reviews
        group by incident_id, action_kind
    ) as answered
        on incidents.incident_id = answered.incident_id and responses.response = answered.action_kind
    where incidents.cause = 'sla_escalation'
),

owed_actions as (
    select
        reviews.incident_id,
        incidents.product,
        'preventive_action' as duty,
        reviews.preventive_action as subject,
        reviews.action_owner as owner,
        reviews.due_on,
        reviews.done_on,
        reviews.done_on is not null as is_done
    from reviews
    inner join incidents on reviews.incident_id = incidents.incident_id
    where reviews.due_on is not null
),

owed as (
    select * from owed_reviews
    union all
    select * from owed_responses
    union all
    select * from owed_actions
)

select
    incident_id,
    product,
    duty,
    subject,
    owner,
    due_on,
    done_on,
    is_done,
    not is_done and due_on < cast({{ read_at }} as date) as is_overdue
from owed
{%- endmacro %}


{#- The seed where it is loaded, else nothing: a hook runs also before the first build loads it. -#}
{% macro incident_reviews() -%}
    {%- for node in graph.nodes.values() if node.resource_type == 'seed' and node.name == 'incident_reviews' -%}
        {%- set relation = api.Relation.create(database=node.database, schema=node.schema, identifier=node.alias) -%}
        {%- if is_built(relation) -%}
            {{ return(relation) }}
        {%- endif -%}
    {%- endfor -%}
    {{ return("(select cast(null as text) as incident_id, cast(null as text) as root_cause, cast(null as text) as preventive_action, cast(null as text) as action_kind, cast(null as text) as action_owner, cast(null as date) as due_on, cast(null as date) as done_on where false)") }}
{%- endmacro %}
