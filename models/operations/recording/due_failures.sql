-- Ledger entries that the end of a build adds: attempts that it leaves without an outcome have failed.
select
    attempts.run_id,
    attempts.product,
    attempts.as_of,
    'failed' as status,
    reasons.reason,
    attempts.model_version,
    attempts.feature_version,
    cast(null as text) as feature_snapshot_id,
    cast(null as bigint) as rows_scored,
    cast(0 as bigint) as rows_published,
    attempts.invocation_id,
    attempts.revision,
    cast(null as text) as artifact_sha256,
    cast(null as text) as training_config_sha256,
    cast(null as text) as recorded_by
from {{ ref('run_attempts') }} as attempts
inner join {{ ref('failure_reasons') }} as reasons on attempts.product = reasons.product
where attempts.status = 'started'
