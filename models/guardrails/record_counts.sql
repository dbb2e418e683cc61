-- Scored records of each due run, counted in one pass over its candidates.
{%- set contract = contract_of(product_at_hand()) -%}
{%- set bins = reference_bins(contract.product) -%}
{%- for run in due_runs_of(contract.product) or [{}] %}
select
    {{ literal(run.run_id) }} as run_id,
    count(*) as rows_scored,
    count(customer_id) as rows_with_customer,
    {{ set_fingerprint('customer_id') }} as fingerprint,
    count_if(is_incomplete) as incomplete,
    count(*) - count(score) as nulls,
    count_if(not is_finite) as not_finite,
    count_if(is_finite and not is_in_range) as out_of_range,
    count_if(is_finite and is_label_unknown) as unknown_labels,
    count_if(has_bounds) as rows_with_bounds,
    count_if(has_bounds and not are_bounds_right) as bounds_wrong,
    count_if(is_not_as_pinned) as not_as_pinned,
    cast(sum(usable_score) as double) / nullif(count(usable_score), 0) as mean_score,
    {{ quantiles('usable_score', [0.1, 0.5, 0.9]) }} as score_quantiles,
    {{ score_bins(bins.get(run.model_version, {})) }} as score_bins
from (
    select
        customer_id,
        score,
        {{ usable_score('score') }} as usable_score,
        isfinite(score) as is_finite,
        score between {{ contract.valid_range.minimum }} and {{ contract.valid_range.maximum }} as is_in_range,
        label is null or label not in ({{ label_names(contract, with_former=true) }}) as is_label_unknown,
        coalesce(score_lower, score_upper, interval_level) is not null as has_bounds,
        coalesce(
            score between score_lower and score_upper and isfinite(score_lower) and isfinite(score_upper)
            and interval_level > 0 and interval_level < 1,
            false
        ) as are_bounds_right,
        customer_id is null or model_version is null or feature_version is null as is_incomplete,
        model_version <> {{ literal(run.model_version) }}
        or feature_version <> {{ literal(run.feature_version) }}
        or artifact_sha256 <> {{ literal(run.artifact_sha256) }} as is_not_as_pinned
    from {{ product_source('candidates') }}
    where run_id = {{ literal(run.run_id) }}
) as records
{{ 'union all' if not loop.last }}
{%- endfor %}
