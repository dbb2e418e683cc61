-- Delivery status of each message, from its newest attempt: only the sender knows all destinations.
with messages as (
    select * from {{ source('operations', 'notification_messages') }}
),

attempts as (
    select * from {{ source('operations', 'notification_attempts') }}
),

numbered as (
    select
        *,
        row_number() over (partition by notification_id order by attempt desc) as newest,
        row_number() over (partition by notification_id, destination order by attempt desc) as newest_there,
        row_number() over (partition by notification_id, outcome = 'delivered' order by attempt desc) as newest_such
    from attempts
),

summaries as (
    select
        notification_id,
        max(attempt) as attempts,
        max(case when newest = 1 then coalesce(message_status, outcome) end) as status,
        max(case when newest = 1 then attempted_at end) as last_attempt_at,
        min(case when newest_there = 1 and outcome = 'failed' then next_attempt_at end) as next_attempt_at,
        min(case when outcome = 'delivered' then attempted_at end) as delivered_at,
        max(case when newest_such = 1 and outcome <> 'delivered' then message end) as last_failure
    from numbered
    group by notification_id
)

select
    messages.notification_id,
    messages.incident_id,
    messages.occasion,
    messages.product,
    messages.severity,
    messages.recipient,
    messages.subject,
    messages.body,
    messages.created_at,
    summaries.last_attempt_at,
    summaries.delivered_at,
    summaries.last_failure,
    coalesce(summaries.status, 'pending') as status,
    coalesce(summaries.attempts, 0) as attempts,
    case when summaries.status = 'failed' then summaries.next_attempt_at end as next_attempt_at
from messages
left join summaries on messages.notification_id = summaries.notification_id
