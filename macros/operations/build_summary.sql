{#- The end of a build's log: a line for each attempt, with what to do where it was not published. -#}
{% macro print_summary() -%}
    {%- set layout = '  %-16s %-12s %-12s %10s %9s %9s  %s' -%}
    {{ log(layout | format('product', 'slot', 'outcome', 'rows', 'seconds', 'warnings', 'what to do'), info=true) }}
    {%- for attempt in run_query('select * from ' ~ relation_of_model('build_summary') ~ ' order by product, as_of').rows -%}
        {{ log(layout | format(
            attempt['product'],
            attempt['as_of'].date(),
            attempt['status'],
            '-' if attempt['rows_scored'] is none else attempt['rows_scored'],
            '%.1f' | format(attempt['seconds']),
            attempt['warnings'],
            next_step(attempt)
        ), info=true) }}
    {%- endfor -%}
{%- endmacro %}


{#- The end of a build's log in which nothing was due. One that failed says why instead. -#}
{% macro print_idleness(results) -%}
    {%- set landed = results | selectattr('node.config.materialized', 'equalto', 'landed') | map(attribute='message') | list -%}
    {%- if results | selectattr('status', 'in', ['error', 'fail', 'runtime error', 'skipped']) | list -%}
    {%- elif landed | reject('in', ['NOTHING NEW', 'NO-OP']) | list -%}
        {{ log('  Nothing is due: new raw rows were landed, and nothing was published.', info=true) }}
    {%- else -%}
        {{ log('  Nothing is due and nothing is new: consumers go on with what was published.', info=true) }}
    {%- endif -%}
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
