{#- Records of challengers' scores, which are never served. -#}

{#- In the transaction that keeps the scores. -#}
{% macro record_challengers(product) -%}
    {%- set attempts = product_ref('measured_challengers') -%}
    {%- if execute and flags.WHICH in ['build', 'run'] -%}
        {%- set rows = run_query('select * from ' ~ attempts ~ ' order by as_of, model_version').rows -%}
        {%- for row in rows -%}
            {{ log(
                ('  WARNING: ' if row['status'] == 'failed' else '  ') ~ product ~ ' as of ' ~ row['as_of'] ~ ': challenger '
                ~ row['model_version'] ~ ' ' ~ row['status'] ~ (': ' ~ row['reason'] if row['reason'] else ''), info=true
            ) }}
        {%- endfor -%}
        {{ insert_into('challenger_records', product_ref('unrecorded_challengers')) if rows }}
    {%- endif -%}
{%- endmacro %}
