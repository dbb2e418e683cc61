-- Measured checks of every family, before their limits are applied.
{%- for family in ['value', 'population', 'score', 'label', 'change', 'feature', 'tail', 'feed', 'trend', 'expected'] %}
select
    run_id,
    check_name,
    scope,
    value,
    not_evaluated,
    message
from {{ product_ref(family ~ '_findings') }}
{{ 'union all' if not loop.last }}
{%- endfor %}
