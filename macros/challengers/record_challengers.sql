{#- Records of challengers' scores, which are never served. -#}

{#- In the transaction that keeps the scores. A run that is attempted again adds nothing to a record of its scores. -#}
{% macro record_challengers(product) -%}
    {%- set attempts = product_ref('measured_challengers') -%}
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
