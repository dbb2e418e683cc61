{#- Post-hook of outcome_checks_*: what was measured and what it means against the contract, once per run. What marks
    a run as measured, outcome_scores, comes last: after a crash before it, the next build measures again and adds
    what is missing. -#}

{% macro record_outcomes(product) -%}
    {%- set outcomes = product_ref('outcomes') -%}
    {%- set targets = [
        (source('operations', 'challenger_outcomes'), operations_columns('challenger_outcomes'), 'compared_with <> model_version'),
        (source('operations', 'outcome_scores'), operations_columns('outcome_scores'), 'compared_with = model_version')
    ] -%}
    {%- set output_checks = source('operations', 'output_checks') -%}
    {%- if execute and run_query('select count(*) from ' ~ outcomes).columns[0].values()[0] -%}
        {%- do run_query(
            'insert into ' ~ output_checks ~ ' select found.* from ' ~ this ~ ' as found where not exists (select 1 from '
            ~ output_checks ~ ' as known where known.run_id = found.run_id and known.check_name = found.check_name)'
        ) -%}
        {%- do run_query(insert_into(
            'realised_performance', product_ref('realised_figures'),
            'run_id not in (select run_id from ' ~ source('operations', 'realised_performance') ~ ')'
        )) -%}
        {%- for recorded, columns, is_recorded in targets -%}
            {%- do run_query(
                'insert into ' ~ recorded ~ ' (' ~ columns | join(', ') ~ ') select ' ~ columns | join(', ')
                ~ ' from (select outcomes.*, ' ~ recorded_at() ~ " as recorded_at, '" ~ invocation_id ~ "' as invocation_id from "
                ~ outcomes ~ ' as outcomes) as measured where ' ~ is_recorded ~ ' and run_id not in (select run_id from ' ~ recorded ~ ')'
            ) -%}
        {%- endfor -%}
        {%- for row in run_query(
            "select message from " ~ this ~ " where outcome = 'failed' order by run_id, check_name"
        ).rows -%}
            {{ log('  ' ~ product ~ ', outcomes beyond a limit: ' ~ row['message'], info=true) }}
        {%- endfor -%}
    {%- endif -%}
{%- endmacro %}
