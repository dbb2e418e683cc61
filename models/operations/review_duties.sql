-- Duties after an incident with owner and due date. Whether one is overdue is judged at read time.
with incidents as (
    select
        incidents.*,
        contracts.sla_owner,
        contracts.review_within_days
    from {{ ref('incidents') }} as incidents
    inner join {{ ref('prediction_contracts') }} as contracts on incidents.product = contracts.product
),

reviews as (
    select * from {{ ref('incident_reviews') }}
),

owed_reviews as (
    select
        incident_id,
        product,
        'review' as duty,
        'root cause and preventive action' as subject,
        sla_owner as owner,
        cast(resolved_at + to_days(review_within_days) as date) as due_on,
        cast(reviewed_at as date) as done_on,
        incident_id in (
            select reviews.incident_id from reviews
            where reviews.root_cause <> '' and reviews.preventive_action <> ''
        ) as is_done
    from incidents
    where was_high and resolved_at is not null
),

owed_responses as (
    select
        incidents.incident_id,
        incidents.product,
        'response' as duty,
        responses.response as subject,
        incidents.sla_owner as owner,
        cast(incidents.opened_at + to_days(responses.within_days) as date) as due_on,
        max(reviews.done_on) as done_on,
        count(reviews.incident_id) > 0 as is_done
    from incidents
    inner join {{ ref('escalation_responses') }} as responses on incidents.product = responses.product
    left join reviews
        on incidents.incident_id = reviews.incident_id and responses.response = reviews.action_kind
    where incidents.cause = 'sla_escalation'
    group by all
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
    inner join {{ ref('incidents') }} as incidents on reviews.incident_id = incidents.incident_id
    where reviews.due_on is not null
)

select
    *,
    not is_done and {{ is_overdue('due_on', current_utc_timestamp()) }} as is_overdue
from (
    select * from owed_reviews
    union all
    select * from owed_responses
    union all
    select * from owed_actions
) as owed
