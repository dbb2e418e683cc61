-- Everything that may be an incident, resolved or not, by product and cause. The watermark grows from one to the next.
select * from {{ ref('run_conditions') }} -- noqa: AM04
union all
select * from {{ ref('sla_conditions') }}
union all
select * from {{ ref('logged_conditions') }}
union all
select * from {{ ref('access_conditions') }}
