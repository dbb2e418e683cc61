-- The events that were loaded more than once: a few per cent, and only they need the costly search for the version
-- that counts. Found when they are landed: keys of new rows that are there twice.
{% set has_rows = execute and is_built(this) %}

with events as (
    select * from {{ ref('stg_events') }}
)

{% if has_rows %},
known as (
    select * from {{ this }}
),

newly_landed as (
    select distinct events.event_id
    from events
    cross join (select coalesce(max(known.landed_in), 0) as landed_in from known) as watermark
    where events.landed_in > watermark.landed_in
)
{% endif %}

select
    events.event_id,
    max(events.landed_in) as landed_in
from events
{% if has_rows %}
semi join newly_landed on events.event_id = newly_landed.event_id
anti join known on events.event_id = known.event_id
{% endif %}
group by events.event_id
having count(*) > 1
