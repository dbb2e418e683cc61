{#- Rows of unmeasured_runs whose outcomes are complete in the data: read while the model after it compiles, so that only
    their partitions are read, and those of challengers only where there were any. The newest come first. -#}
{% macro runs_to_measure(product) -%}
    {%- if product is none or not (execute and flags.WHICH in ['build', 'run']) -%}
        {{ return([]) }}
    {%- endif -%}
    {%- set found = run_query(
        'select * from ' ~ query_of('unmeasured_runs') ~ ' as runs where product = ' ~ string_literal(product)
        ~ ' order by as_of desc'
    ).rows -%}
    {%- set runs = [] -%}
    {%- if found -%}
        {#- Without orders since, loading has stopped, and customers would only seem to have. -#}
        {%- set complete = run_query(
            'select complete_until from ' ~ query_of('complete_tables') ~ " as complete where source = 'orders'"
        ).rows -%}
        {%- for run in found if complete and run['known_at'] <= complete[0]['complete_until'] -%}
            {%- do runs.append(dict(run)) -%}
        {%- endfor -%}
    {%- endif -%}
    {{ return(runs[:var('outcomes_per_build')]) }}
{%- endmacro %}


{% macro is_of_runs(runs) -%}
    {%- set dates = [] -%}
    {%- set ids = [] -%}
    {%- for run in runs -%}
        {%- do dates.append(literal(run.as_of, 'date')) -%}
        {%- do ids.append(literal(run.run_id)) -%}
    {%- endfor -%}
    {{ 'prediction_date in (' ~ dates | unique | join(', ') ~ ') and run_id in (' ~ ids | join(', ') ~ ')' if runs else 'false' }}
{%- endmacro %}


{% macro is_as_of_runs(runs) -%}
    {%- set as_ofs = [] -%}
    {%- for run in runs -%}
        {%- do as_ofs.append(literal(run.as_of, 'timestamp')) -%}
    {%- endfor -%}
    {{ 'as_of in (' ~ as_ofs | unique | join(', ') ~ ')' if runs else 'false' }}
{%- endmacro %}
