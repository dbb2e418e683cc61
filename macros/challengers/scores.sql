{#- What challengers scored, kept beside what is served and never served itself. -#}

{% macro challenger_scores(product) -%}
with challengers as (
    select * from {{ ref('challengers_' ~ product) }}
),

attempts as (
    select * from {{ ref('measured_challengers_' ~ product) }}
),

known as (
    select
        run_id,
        model_version
    from {{ source('operations', 'challenger_records') }}
    where product = '{{ product }}' and status = 'scored'
)

select
    challengers.run_id,
    attempts.product,
    challengers.customer_id,
    attempts.as_of,
    cast(attempts.as_of as date) as prediction_date,
    challengers.score,
    challengers.label,
    challengers.model_version,
    challengers.feature_version,
    challengers.artifact_sha256
from challengers
inner join attempts
    on
        challengers.run_id = attempts.run_id
        and challengers.model_version = attempts.model_version
        and attempts.status = 'scored'
left join known
    on
        challengers.run_id = known.run_id
        and challengers.model_version = known.model_version
where known.run_id is null
{%- endmacro %}


{#- In the transaction that keeps the scores. A run that is attempted again adds nothing to a record of its scores. -#}
{% macro record_challengers(product) -%}
    {#- Rendered in any case: dbt learns from it what this depends on. -#}
    {%- set attempts = ref('measured_challengers_' ~ product) -%}
    {%- set columns = operations_columns('challenger_records') -%}
    {%- if execute and flags.WHICH in ['build', 'run'] -%}
        {%- set rows = run_query('select * from ' ~ attempts ~ ' order by as_of, model_version').rows -%}
        {%- for row in rows -%}
            {{ log(
                ('  WARNING: ' if row['status'] == 'failed' else '  ') ~ product ~ ' as of ' ~ row['as_of'] ~ ': challenger '
                ~ row['model_version'] ~ ' ' ~ row['status'] ~ (': ' ~ row['reason'] if row['reason'] else ''), info=true
            ) }}
        {%- endfor -%}
        {%- if rows -%}
            insert into {{ operations_table('challenger_records') }} ({{ columns | join(', ') }})
            select {{ columns | join(', ') }}
            from (
                select
                    measured.*,
                    {{ recorded_at() }} as recorded_at,
                    '{{ invocation_id }}' as invocation_id
                from {{ attempts }} as measured
            ) as attempts
            where not exists (
                select 1 from {{ operations_table('challenger_records') }} as known
                where
                    known.run_id = attempts.run_id
                    and known.model_version = attempts.model_version
                    and (known.status = 'scored' or attempts.status = 'failed')
            )
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}
