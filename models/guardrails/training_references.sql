-- The training distributions of the models that scored, read from their cards: one row per bin or category.
{%- set product = contract_of(product_at_hand()).product %}

with scored as (
    select distinct model_version from {{ product_source('candidates') }}
    where model_version is not null
),

registry as (
    select
        model_registry.model_version,
        model_registry as registered
    from {{ ref('model_registry') }} as model_registry
    where model_registry.product = '{{ product }}'
),

cards as (
    select
        scored.model_version,
        training_reference(
            '{{ product }}',
            scored.model_version,
            case when registry.model_version is null then '' else cast(to_json(registry.registered) as text) end
        ) as bins
    from scored
    left join registry on scored.model_version = registry.model_version
),

bins as (
    select
        model_version,
        unnest(bins) as bin
    from cards
)

select
    '{{ product }}' as product,
    model_version,
    {%- for column in [
        'kind', 'subject', 'bin', 'tenth', 'upper_edge', 'category', 'share', 'missing_share', 'mean', 'p10', 'p50',
        'p90'
    ] %}
    bin['{{ column }}'] as {{ column }},
    {%- endfor %}
    bin['customers'] as customers
from bins
