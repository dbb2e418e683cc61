-- Messages that hooks add to notification_messages now.
with messages as (
    select * from {{ ref('incident_notifications') }} -- noqa: AM04
    union all
    select * from {{ ref('deprecation_notices') }}
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
    {{ current_utc_timestamp() }} as created_at
from messages
left join {{ source('operations', 'notification_messages') }} as known
    on messages.notification_id = known.notification_id
where known.notification_id is null
