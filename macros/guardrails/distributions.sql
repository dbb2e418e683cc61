{% macro output_distributions(product) -%}
{%- set bins = reference_bins(product) -%}
{%- set features = referenced_features(bins) -%}
with runs as (
    select * from {{ ref('due_runs') }}
    where product = '{{ product }}'
),

snapshots as (
    select * from {{ ref('feature_snapshots') }}
),

model_references as (
    select * from {{ ref('references_' ~ product) }}
),

outputs_binned as (
    select
        runs.run_id,
        {{ bin_of_version(usable_score('candidates.score'), bins, 'score', 'score', 'runs.model_version') }} as bin,
        candidates.label as category
    from {{ ref('candidates_' ~ product) }} as candidates
    inner join runs on candidates.run_id = runs.run_id
),

outputs_counted as (
    select
        run_id,
        case when grouping(category) = 1 then 'score' else 'label' end as kind,
        case when grouping(category) = 1 then 'score' else 'label' end as subject,
        bin,
        category,
        count(*) as customers
    from outputs_binned
    group by grouping sets ((run_id, bin), (run_id, category))
),

{% if features %}
features_binned as (
    select
        runs.run_id
        {%- for feature, is_category in features.items() %},
        {% if is_category -%}
        snapshots.{{ feature }}
        {%- else -%}
        {{ bin_of_version('snapshots.' ~ feature, bins, 'feature', feature, 'runs.model_version') }}
        {%- endif %} as {{ feature }}
        {%- endfor %}
    from runs
    inner join snapshots
        on
            runs.as_of = snapshots.as_of
            and runs.data_cutoff = snapshots.data_cutoff
            and runs.feature_version = snapshots.feature_version
    where {{ eligible_population(product) }}
),

features_counted as (
    select
        run_id,
        'feature' as kind,
        case
            {%- for feature in features %}
            when grouping({{ feature }}) = 0 then '{{ feature }}'
            {%- endfor %}
        end as subject,
        coalesce({{ counted_value(features, false) }}) as bin,
        coalesce({{ counted_value(features, true) }}) as category,
        count(*) as customers
    from features_binned
    group by grouping sets ({% for feature in features %}(run_id, {{ feature }}){{ ', ' if not loop.last }}{% endfor %})
),

{% endif %}
counted as (
    select * from outputs_counted
    {% if features %}
    union all
    select * from features_counted
    {% endif %}
)

select
    counted.run_id,
    runs.product,
    counted.kind,
    counted.subject,
    cast(counted.bin as integer) as bin,
    model_references.tenth,
    model_references.upper_edge,
    counted.category,
    counted.customers
from counted
inner join runs on counted.run_id = runs.run_id
left join model_references
    on
        runs.model_version = model_references.model_version
        and counted.kind = model_references.kind
        and counted.subject = model_references.subject
        and counted.bin = model_references.bin
-- Another model of the same build may use more features.
where
    counted.kind <> 'feature'
    or exists (
        select 1 from model_references as own
        where own.model_version = runs.model_version and own.kind = 'feature' and own.subject = counted.subject
    )
{%- endmacro %}


{% macro counted_value(features, is_category) -%}
    {%- for feature, of_category in features.items() if of_category == is_category -%}
        {{ feature }},{{ ' ' }}
    {%- endfor -%}
    {{ 'cast(null as text)' if is_category else 'cast(null as integer)' }}
{%- endmacro %}


{% macro usable_score(score) -%}
    case when isfinite({{ score }}) and abs({{ score }}) < 1e11 then {{ score }} end
{%- endmacro %}
