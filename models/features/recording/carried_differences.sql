-- Planned snapshots with customers whose features differ from those carried forward though nothing about them
-- changed, one sentence each. customers_to_compute picks them by chance.
-- depends_on: {{ ref('customers_to_compute') }}, {{ ref('feature_snapshots') }}, {{ ref('snapshot_plan') }}
{% set plans = plans_with_base() %}

with differing as (
    {% for plan in plans %}
    select
        {{ plan.as_of }} as as_of,
        computed.customer_id
    from {{ ref('customers_to_compute') }} as computed
    inner join {{ ref('feature_snapshots') }} as former
        on
            former.as_of = {{ plan.base_as_of }}
            and former.feature_version = '{{ feature_version() }}'
            and computed.customer_id = former.customer_id
    inner join {{ ref('feature_snapshots') }} as present
        on
            present.as_of = {{ plan.as_of }}
            and present.feature_version = '{{ feature_version() }}'
            and computed.customer_id = present.customer_id
    where
        computed.as_of = {{ plan.as_of }}
        and computed.is_verification
        and ({{ carried_columns('former') }}) is distinct from ({{ carried_columns('present') }})
    {{ 'union all' if not loop.last }}
    {% else %}
    select {{ typed_nulls({'as_of': 'timestamp', 'customer_id': 'text'}) }}
    where false
    {% endfor %}
)

select
    'feature_snapshots as of ' || as_of || ': ' || count(*) || ' customers that did not change came out otherwise than'
    || ' carried forward, for example ' || min(customer_id)
    || '. Build once with RECOMPUTE_FEATURES=all, and report it.' as message
from differing
group by as_of
