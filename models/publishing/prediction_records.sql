-- Records of the runs that the gate has judged and that have no outcome in the ledger yet, with the verdict.
with candidates as (
    select * from {{ product_source('candidates') }}
),

runs as (
    select * from {{ product_ref('unrecorded_runs') }}
)

select
    {{ prediction_id('runs.run_id', 'candidates.customer_id') }} as prediction_id,
    runs.run_id,
    runs.product,
    candidates.customer_id,
    runs.as_of,
    cast(runs.as_of as date) as prediction_date,
    runs.predicted_at,
    candidates.score,
    candidates.score_lower,
    candidates.score_upper,
    candidates.interval_level,
    candidates.label,
    candidates.reason_codes,
    runs.model_version,
    runs.training_run_id,
    runs.feature_version,
    runs.feature_snapshot_id,
    runs.output_schema_version,
    runs.reasons,
    runs.outcome
from candidates
inner join runs on candidates.run_id = runs.run_id
