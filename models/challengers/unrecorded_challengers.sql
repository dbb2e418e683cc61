-- Challengers of the due runs with their comparison, as they are recorded. A run that is attempted again adds nothing
-- to a record of its scores.
select
    measured.*, -- noqa: AM04
    {{ recorded_at() }} as recorded_at,
    '{{ invocation_id }}' as invocation_id
from {{ product_ref('measured_challengers') }} as measured
anti join {{ source('operations', 'challenger_records') }} as known
    on
        measured.run_id = known.run_id
        and measured.model_version = known.model_version
        and (known.status = 'scored' or measured.status = 'failed')
