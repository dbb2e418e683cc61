-- Which roles read the outputs of each run while the run was in them, as JSON. A current output is read from
-- publication to the next publication, a history from publication on.
{{ config(materialized='ephemeral') }}
with reads as (
    select
        runs.run_id,
        reads.role,
        reads.output,
        reads.version,
        reads.usage_context,
        count(*) as reads,
        max(reads.logged_at) as last_read_at
    from {{ source('operations', 'access_log') }} as reads
    inner join {{ ref('served_outputs') }} as outputs
        on reads.output = outputs.output and reads.version = outputs.version
    inner join {{ ref('served_periods') }} as runs
        on
            outputs.product = runs.product
            and reads.logged_at >= runs.served_from
            and (outputs.kind = 'history' or runs.served_until is null or reads.logged_at < runs.served_until)
    where
        reads.allowed
        and reads.reason is null  -- else it was only planned
    group by runs.run_id, reads.role, reads.output, reads.version, reads.usage_context
)

select
    run_id,
    {{ json_list_of({
        'role': 'role', 'output': 'output', 'version': 'version', 'usage_context': 'usage_context', 'reads': 'reads',
        'last_read_at': 'cast(last_read_at as text)'
    }, 'role, output, version, usage_context') }} as readers
from reads
group by run_id
