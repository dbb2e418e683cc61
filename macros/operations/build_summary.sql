{#- The end of a build's log: a line for each attempt, with what to do where it was not published. -#}
{% macro print_summary(results) -%}
    {%- set layout = '  %-16s %-12s %-12s %10s %9s %9s  %s' -%}
    {%- set warnings = warnings_by_run() -%}
    {{ log(layout | format('product', 'as of', 'outcome', 'rows', 'seconds', 'warnings', 'what to do'), info=true) }}
    {%- for attempt in attempts_of_this_invocation() -%}
        {{ log(layout | format(
            attempt['product'],
            attempt['as_of'].date(),
            attempt['status'],
            '-' if attempt['rows_scored'] is none else attempt['rows_scored'],
            '%.1f' | format(seconds_of(attempt['product'], results)),
            warnings.get(attempt['run_id'], 0),
            next_step(attempt)
        ), info=true) }}
    {%- endfor -%}
{%- endmacro %}


{#- Checks that warned, by run, of the runs that this invocation brought to an outcome. -#}
{% macro warnings_by_run() -%}
    {%- set warnings = {} -%}
    {%- for row in run_query(
        'select run_id, count(*) as warnings from ' ~ operations_table('output_checks')
        ~ " where severity = 'warn' and outcome = 'failed' and run_id in (select run_id from " ~ operations_table('run_ledger')
        ~ " where invocation_id = '" ~ invocation_id ~ "') group by run_id"
    ).rows -%}
        {%- do warnings.update({row['run_id']: row['warnings']}) -%}
    {%- endfor -%}
    {{ return(warnings) }}
{%- endmacro %}


{#- What the models and tests of the product took together, for all of its slots in this build. -#}
{% macro seconds_of(product, results) -%}
    {%- set own = [] -%}
    {%- for result in results if result.node.original_file_path.startswith('models/products/' ~ product ~ '/') -%}
        {%- do own.append(result.execution_time) -%}
    {%- endfor -%}
    {{ return(own | sum) }}
{%- endmacro %}


{% macro next_step(attempt) -%}
    {%- if attempt['status'] == 'published' -%}
        {{ return('nothing') }}
    {%- elif attempt['reason'].startswith('postponed:') -%}
        {{ return('nothing: the next build tries it again') }}
    {%- else -%}
        {{ return(remedies()['run_' ~ attempt['status']]) }}
    {%- endif -%}
{%- endmacro %}
