{#- Population: is everybody there who should be, nobody else, and who came and went? -#}

{% macro population_findings(product) -%}
{%- set contract = contract_of(product) -%}
with statistics as (
    select
        *,
        {{ missing_baseline_reason(contract) }} as no_former_batch
    from {{ ref('statistics_' ~ product) }}
),

moves as (
    select
        run_id,
        sum(case when membership in ('new_sign_up', 'became_eligible', 'entered_unexplained') then customers else 0 end) as entered,
        sum(case when membership = 'new_sign_up' then customers else 0 end) as new_sign_ups,
        sum(case when membership = 'became_eligible' then customers else 0 end) as became_eligible,
        sum(case when membership = 'entered_unexplained' then customers else 0 end) as entered_unexplained,
        sum(case when membership in ('no_longer_eligible', 'left_unexplained') then customers else 0 end) as gone,
        sum(case when membership = 'no_longer_eligible' then customers else 0 end) as no_longer_eligible,
        sum(case when membership = 'left_unexplained' then customers else 0 end) as left_unexplained
    from {{ ref('transitions_' ~ product) }}
    group by run_id
),

manifest as (
    select * from {{ source('operations', 'snapshot_manifest') }}
),

population as (
    select
        statistics.*,
        moves.entered,
        moves.new_sign_ups,
        moves.became_eligible,
        moves.entered_unexplained,
        moves.gone,
        moves.no_longer_eligible,
        moves.left_unexplained,
        nullif(cast(statistics.former_customers as double), 0) as of_former,
        snapshot_now.feature_snapshot_id,
        snapshot_then.feature_snapshot_id as former_snapshot_id
    from statistics
    left join moves on statistics.run_id = moves.run_id
    left join manifest as snapshot_now
        on
            statistics.as_of = snapshot_now.as_of
            and statistics.feature_version = snapshot_now.feature_version
    left join manifest as snapshot_then
        on
            statistics.former_as_of = snapshot_then.as_of
            and statistics.former_feature_version = snapshot_then.feature_version
)

{{ finding('population', 'population_not_empty', 'run', 'rows_scored', "rows_scored || ' customers were scored.'") }}
union all
{{ finding(
    'population', 'customer_eligible', 'customer_id', 'surplus',
    "surplus || ' customers were scored who are not in the eligible population of the snapshot.'"
) }}
union all
{{ finding(
    'population', 'coverage', 'customer_id',
    '(eligible_customers - missing) / nullif(cast(eligible_customers as double), 0)',
    "missing || ' of ' || eligible_customers || ' eligible customers have no prediction.'"
) }}
union all
{{ finding(
    'population', 'population_change', 'former batch', 'abs(customers_scored / of_former - 1)',
    "customers_scored || ' customers were scored, and ' || former_customers || ' in the former batch, of '
    || " ~ plain_date('former_as_of') ~ " || '.'",
    'no_former_batch'
) }}
union all
{{ finding(
    'population', 'customers_entered', 'former batch', 'entered / of_former',
    "entered || ' customers are new since the former batch: ' || new_sign_ups || ' signed up, ' || became_eligible
    || ' became eligible, ' || entered_unexplained || ' are unexplained.'",
    'no_former_batch'
) }}
union all
{{ finding(
    'population', 'customers_left', 'former batch', 'gone / of_former',
    "gone || ' customers of the former batch are no longer scored: ' || no_longer_eligible
    || ' are no longer eligible, ' || left_unexplained || ' are unexplained.'",
    'no_former_batch'
) }}
union all
{{ finding(
    'population', 'entered_unexplained', 'former batch', 'entered_unexplained / of_former',
    "entered_unexplained || ' customers appeared who neither signed up nor became eligible since the former batch; '
    || 'they may have been loaded late.'",
    'no_former_batch'
) }}
union all
{{ finding(
    'population', 'left_unexplained', 'former batch', 'left_unexplained / of_former',
    "left_unexplained || ' customers of the former batch are no longer in the feature snapshot, or were not scored '
    || 'though they are eligible.'",
    'no_former_batch'
) }}
union all
{{ finding(
    'population', 'snapshot_renewed', 'former batch',
    'case when feature_snapshot_id = former_snapshot_id then 0 else 1 end',
    "case when feature_snapshot_id = former_snapshot_id
    then 'The features are the very same as in the former batch, of ' || " ~ plain_date('former_as_of') ~ "
    || ': stale features were fed again.' else 'The features are not those of the former batch.' end",
    'no_former_batch'
) }}
union all
{{ finding(
    'population', 'recent_activity', 'snapshot',
    'active_customers / nullif(cast(eligible_customers as double), 0)',
    "active_customers || ' of ' || eligible_customers || ' customers were active just before the as-of; none at all means that a feed has stopped.'",
    "case when eligible_customers < " ~ check_setting(contract, 'minimum_customers') ~ "
    then 'the snapshot has only ' || eligible_customers || ' eligible customers' end"
    if execute and check_setting(contract, 'recent_activity')
    else "'the contract does not say when a customer counts as recently active'"
) }}
{%- endmacro %}
