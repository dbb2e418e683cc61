{#- How many customers lie in each bin, counted in one pass over the scores and one over the features.
    Each model version has bins of its own. -#}

{% macro output_distributions(product) -%}
{%- set bins = reference_bins(product) -%}
with runs as (
    select * from {{ ref('due_runs') }}
    where product = '{{ product }}'
),

candidates as (
    select * from {{ ref('candidates_' ~ product) }}
),

snapshots as (
    select * from {{ ref('feature_snapshots') }}
    where {{ eligible_population(product) }}
),

model_references as (
    select * from {{ ref('references_' ~ product) }}
),

{% for version, kinds in bins.items() -%}
{%- set number = loop.index -%}
{%- set numbers = numeric_features(kinds) -%}
scores_{{ number }} as (
    select
        runs.run_id,
        {{ bin_counts(usable_score('candidates.score'), kinds.score.score.edges if 'score' in kinds else []) }} as score,
        count(*) - count({{ usable_score('candidates.score') }}) as score_missing
    from candidates
    inner join runs on candidates.run_id = runs.run_id
    where runs.model_version = {{ string_literal(version) }}
    group by runs.run_id
),

features_{{ number }} as (
    select
        runs.run_id
        {%- for feature in numbers %},
        {{ bin_counts('snapshots.' ~ feature, kinds.feature[feature].edges) }} as {{ feature }},
        count(*) - count(snapshots.{{ feature }}) as {{ feature }}_missing
        {%- endfor %}
    from runs
    {{ their_snapshots() }}
    where runs.model_version = {{ string_literal(version) }}
    group by runs.run_id
),

{% endfor -%}
counted as (
    select
        candidates.run_id,
        'label' as kind,
        'label' as subject,
        cast(null as integer) as bin,
        candidates.label as category,
        count(*) as customers
    from candidates
    group by candidates.run_id, candidates.label
    {% for version, kinds in bins.items() %}
    {%- set number = loop.index -%}
    {{ bins_as_rows('scores_' ~ number, 'score', 'score') if 'score' in kinds }}
    {%- for feature in numeric_features(kinds) %}
    {{ bins_as_rows('features_' ~ number, 'feature', feature) }}
    {%- endfor %}
    {%- for feature, described in kinds.get('feature', {}).items() if described.is_category %}
    union all
    select
        runs.run_id,
        'feature' as kind,
        '{{ feature }}' as subject,
        cast(null as integer) as bin,
        snapshots.{{ feature }} as category,
        count(*) as customers
    from runs
    {{ their_snapshots() }}
    where runs.model_version = {{ string_literal(version) }}
    group by runs.run_id, snapshots.{{ feature }}
    {%- endfor %}
    {% endfor %}
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
where counted.customers > 0
{%- endmacro %}


{% macro their_snapshots() -%}
    inner join snapshots
        on
            runs.as_of = snapshots.as_of
            and runs.data_cutoff = snapshots.data_cutoff
            and runs.feature_version = snapshots.feature_version
{%- endmacro %}


{% macro bins_as_rows(counts, kind, subject) -%}
    union all
    select
        run_id,
        '{{ kind }}' as kind,
        '{{ subject }}' as subject,
        numbered.bin,
        cast(null as text) as category,
        numbered.customers
    from {{ numbered_items(counts, subject, 'bin', 'customers') }}
    union all
    select
        run_id,
        '{{ kind }}' as kind,
        '{{ subject }}' as subject,
        cast(null as integer) as bin,
        cast(null as text) as category,
        {{ subject }}_missing as customers
    from {{ counts }}
{%- endmacro %}


{% macro numeric_features(kinds) -%}
    {%- set numbers = [] -%}
    {%- for feature, described in kinds.get('feature', {}).items() if not described.is_category -%}
        {%- do numbers.append(feature) -%}
    {%- endfor -%}
    {{ return(numbers) }}
{%- endmacro %}


{% macro usable_score(score) -%}
    case when isfinite({{ score }}) and abs({{ score }}) < 1e11 then {{ score }} end
{%- endmacro %}
