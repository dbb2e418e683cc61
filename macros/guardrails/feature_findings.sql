{#- Features: are the customers like those that the model has learned from? -#}

{% macro feature_findings(product) -%}
{%- set contract = contract_of(product) -%}
with statistics as (
    select * from {{ ref('statistics_' ~ product) }}
),

-- Categories are numbered like bins.
model_references as (
    select
        model_version,
        subject,
        category,
        upper_edge,
        lag(upper_edge) over (partition by model_version, subject order by bin) as lower_edge,
        share,
        missing_share,
        coalesce(bin, row_number() over (partition by model_version, subject order by category)) as bin,
        coalesce(tenth, row_number() over (partition by model_version, subject order by category)) as tenth
    from {{ ref('references_' ~ product) }}
    where kind = 'feature'
),

counts as (
    select
        *,
        bin is null and category is null as is_missing,
        sum(customers) over (partition by run_id, subject) as of_all,
        sum(case when bin is not null or category is not null then customers end)
            over (partition by run_id, subject) as of_present
    from {{ ref('distributions_' ~ product) }}
    where kind = 'feature'
),

compared as (
    select
        statistics.run_id,
        model_references.subject as scope,
        model_references.subject,
        model_references.bin,
        model_references.tenth,
        model_references.category,
        model_references.lower_edge,
        model_references.upper_edge,
        {{ exact_share('counts.customers / cast(counts.of_present as double)') }} as share,
        {{ exact_share('model_references.share') }} as base_share
    from statistics
    inner join model_references on statistics.model_version = model_references.model_version
    left join counts
        on
            statistics.run_id = counts.run_id
            and model_references.subject = counts.subject
            and (
                model_references.category = counts.category
                or (model_references.category is null and model_references.bin = counts.bin)
            )
),

feature_distances as (
    {{ distances('compared') }}
),

-- Where the difference is greatest, to say it in words.
greatest_differences as (
    select
        *,
        row_number() over (
            partition by run_id, subject
            order by abs(share - base_share) desc, bin
        ) as place
    from compared
),

features as (
    select
        model_version as reference_version,
        subject as feature,
        max(missing_share) as reference_missing,
        max(case when category is not null then 1 else 0 end) = 1 as is_category
    from model_references
    group by model_version, subject
),

tallied as (
    select
        counts.run_id,
        counts.subject,
        sum(case when counts.is_missing then counts.customers else 0 end) as missing,
        sum(case when counts.category is not null and model_references.category is null then counts.customers else 0 end) as unseen,
        max(counts.of_all) as of_all,
        max(counts.of_present) as of_present
    from counts
    inner join statistics on counts.run_id = statistics.run_id
    left join model_references
        on
            statistics.model_version = model_references.model_version
            and counts.subject = model_references.subject
            and counts.category = model_references.category
    group by counts.run_id, counts.subject
),

feature_states as (
    select
        statistics.*,
        coalesce(features.feature, 'every feature') as feature,
        features.is_category,
        features.reference_missing,
        tallied.unseen,
        tallied.of_present,
        tallied.missing / cast(tallied.of_all as double) as missing_share,
        feature_distances.psi,
        greatest_differences.share,
        greatest_differences.base_share,
        greatest_differences.category,
        greatest_differences.lower_edge,
        greatest_differences.upper_edge,
        {{ why_no_reference(contract, 'features.feature') }} as not_evaluated
    from statistics
    left join features on statistics.model_version = features.reference_version
    left join tallied on statistics.run_id = tallied.run_id and features.feature = tallied.subject
    left join feature_distances
        on statistics.run_id = feature_distances.run_id and features.feature = feature_distances.subject
    left join greatest_differences
        on
            statistics.run_id = greatest_differences.run_id
            and features.feature = greatest_differences.subject
            and greatest_differences.place = 1
)

{{ finding(
    'feature_states', 'feature_psi', 'feature_states.feature', 'psi',
    "'The customers ' || case when psi < 0.1 then 'are as in training' when psi < 0.25 then 'differ a little from training'
    else 'are not like those that the model was trained on' end || ' in ' || feature || ': ' || " ~ percent('share')
    ~ " || ' have ' || case when is_category then category
    when lower_edge is null and upper_edge is null then 'its one value'
    when lower_edge is null then 'up to ' || " ~ plain_number('upper_edge') ~ "
    when upper_edge is null then 'more than ' || " ~ plain_number('lower_edge') ~ "
    else 'more than ' || " ~ plain_number('lower_edge') ~ " || ' and up to ' || " ~ plain_number('upper_edge') ~ " end
    || ', and in training ' || " ~ percent('base_share') ~ " || ' had (population stability index ' || " ~ plain_number('psi', 3) ~ " || ').'",
    "coalesce(feature_states.not_evaluated, case when coalesce(of_present, 0) = 0 then 'no customer has a value of ' || feature end)"
) }}
union all
{{ finding(
    'feature_states', 'feature_nulls', 'feature_states.feature', 'abs(missing_share - reference_missing)',
    percent('missing_share') ~ " || ' of the customers have no ' || feature || '; in training it was ' || "
    ~ percent('reference_missing') ~ " || '.'",
    'feature_states.not_evaluated'
) }}
union all
{{ finding(
    'feature_states', 'feature_categories', 'feature_states.feature', 'unseen / cast(of_present as double)',
    "unseen || ' customers have a ' || feature || ' that no customer had in training.'",
    "coalesce(feature_states.not_evaluated, case when coalesce(of_present, 0) = 0 then 'no customer has a value of ' || feature end)"
) }}
where is_category
union all
{{ finding(
    'statistics', 'feature_categories', 'every feature', 'null', "'No feature is a category.'",
    "'the model ' || model_version || ' uses no category, or its card holds no reference distribution'"
) }}
where run_id not in (select states.run_id from feature_states as states where states.is_category)
{%- endmacro %}
