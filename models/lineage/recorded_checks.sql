-- The checks of each run as JSON, and how many it passed.
{{ config(materialized='ephemeral') }}
select
    run_id,
    count(case when outcome = 'passed' then 1 end) as checks_passed,
    {{ json_list_of({
        'check_name': 'check_name', 'scope': 'scope', 'severity': 'severity', 'outcome': 'outcome', 'message': 'message'
    }, 'check_name, scope') }} as checks
from {{ source('operations', 'output_checks') }}
group by run_id
