-- Every version of the events that were loaded more than once: a few per cent, and only they need the costly search
-- for the version that counts. Found when they are landed: new rows whose key is there twice, and its older rows.
-- The landed rows stand without a name of their own: with one, the engine would first copy all of them.
{% set has_rows = execute and is_built(this) %}

with candidates as (
    {% if has_rows %}
    select distinct event_id
    from {{ ref('stg_events') }}
    where landed_in > (select coalesce(max(known.landed_in), 0) from {{ this }} as known)
    {% else %}
    select event_id
    from {{ ref('stg_events') }}
    group by event_id
    having count(*) > 1
    {% endif %}
),

versions as (
    select
        events.event_id,
        events.customer_id,
        events.event_type,
        events.occurred_at,
        events.loaded_at,
        events.landed_in
    from {{ ref('stg_events') }} as events
    semi join candidates on events.event_id = candidates.event_id
    qualify count(*) over (partition by events.event_id) > 1
)

select *
from versions
{% if has_rows %}
where
    landed_in > (select coalesce(max(known.landed_in), 0) from {{ this }} as known)
    or event_id not in (select known.event_id from {{ this }} as known)
{% endif %}
