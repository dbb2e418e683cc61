-- Values, as to their origin: is each record made by what is pinned, and can it be traced?
{%- set contract = contract_of(product_at_hand()) %}

with statistics as (
    select
        *,
        {{ missing_baseline_reason(contract) }} as no_former_batch
    from {{ product_ref('statistics') }}
),

traced as (
    select * from {{ product_ref('traced_runs') }}
),

runs as (
    select
        statistics.*,
        traced.times_seen,
        traced.different,
        traced.lacks
    from statistics
    inner join traced on statistics.run_id = traced.run_id
)

select
    run_id,
    unnest([
        {
            'check_name': 'record_complete', 'scope': 'record', 'not_evaluated': null,
            'value': case when lacks is null then incomplete else rows_scored end,
            'message': case
                when lacks is null
                    then incomplete || ' of ' || rows_scored || ' records lack the customer or a version.'
                else 'The run lacks ' || lacks || ': its records could not be traced.'
            end
        },
        {
            'check_name': 'model_as_pinned', 'scope': 'model_version', 'value': not_as_pinned, 'not_evaluated': null,
            'message': not_as_pinned || ' of ' || rows_scored
            || ' customers were scored by something other than the pinned model '
            || model_version || ' on feature version ' || feature_version || '.'
        },
        {
            'check_name': 'model_unchanged', 'scope': 'model_version', 'value': different,
            'not_evaluated': case
                when times_seen = 0 then 'no run of model ' || model_version || ' was published before'
            end,
            'message': case
                when different = 0
                    then 'Model ' || model_version || ' is the one that was published before under this version.'
                else
                    'Model ' || model_version || ' is not the one that was published before under this version: '
                    || 'its artifact or its model.json has changed. '
                    || 'Register it under a version of its own, and pin that.'
            end
        },
        {
            'check_name': 'model_change', 'scope': 'model_version',
            'value': case when former_model_version <> model_version then 1 else 0 end,
            'not_evaluated': no_former_batch,
            'message': case
                when former_model_version <> model_version
                    then
                        'The model changed from ' || former_model_version || ' to ' || model_version
                        || ': scores are compared with its own training reference, not with the former batch.'
                else 'The model is the same as in the former batch, ' || model_version || '.'
            end
        }
    ]) as finding
from runs
