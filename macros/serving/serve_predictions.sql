{#- The serving database, where SERVING_DSN names one: brought to the state of the lake after each build and each
    review. What fails there leaves the lake as it is. -#}

{% macro serve_predictions() -%}
    {%- set outcomes = publish_to_serving() -%}
    {%- if outcomes | selectattr('is_news') | list -%}
        {%- do record_operations() -%}
    {%- endif -%}
    {%- if outcomes | selectattr('is_recovery') | list -%}
        {#- Its incident is over, which consumers there should know too. -#}
        {%- do publish_to_serving() -%}
    {%- endif -%}
{%- endmacro %}


{#- By a function of the plugin in python_scoring/dbt_plugin.py. -#}
{% macro publish_to_serving() -%}
    {{ return(record_serving(fromjson(run_query('select publish_to_serving() as outcomes').rows[0]['outcomes']))) }}
{%- endmacro %}


{#- A failure, a recovery and whatever was loaded are news, and go into serving_log. -#}
{% macro record_serving(outcomes) -%}
    {%- set log_table = operations_table('serving_log') -%}
    {%- set failed_before = run_query(
        'select product from ' ~ log_table ~ " group by product having max_by(outcome, entry) = 'failed'"
    ).columns[0].values() if outcomes else [] -%}
    {%- for outcome in outcomes -%}
        {%- set is_recovery = not outcome.error and outcome.product in failed_before -%}
        {%- do outcome.update({'is_recovery': is_recovery, 'is_news': is_recovery or (outcome.error is not none)}) -%}
        {%- if outcome.is_news or outcome.rows -%}
            {%- do run_query(serving_log_insert(outcome)) -%}
            {{ log(
                '  ' ~ outcome.product ~ ' on the serving database: '
                ~ (outcome.error or (outcome.rows ~ ' rows loaded in ' ~ outcome.seconds | round(1) ~ ' s')), info=true
            ) }}
        {%- endif -%}
    {%- endfor -%}
    {{ return(outcomes) }}
{%- endmacro %}


{% macro serving_log_insert(outcome) -%}
    insert into {{ operations_table('serving_log') }}
    (entry, recorded_at, product, outcome, as_of, rows_loaded, seconds, message, invocation_id)
    select
        coalesce(max(entry), 0) + 1,
        {{ recorded_at() }},
        {{ string_literal(outcome.product) }},
        {{ string_literal('failed' if outcome.error else 'served') }},
        {{ literal(outcome.as_of, 'timestamp') }},
        {{ outcome.rows }},
        cast({{ outcome.seconds | round(3) }} as double),
        {{ literal(outcome.error) }},
        '{{ invocation_id }}'
    from {{ operations_table('serving_log') }}
{%- endmacro %}


{#- Brings a person's decision to the serving database at once. A transaction in which dbt looked for relations may still be
    open: it is committed first, since otherwise the records made here would be rolled back with it. -#}
{% macro serve_review() -%}
    {%- do adapter.commit() -%}
    {%- do serve_predictions() -%}
    {%- set failures = serving_failures() -%}
    {%- if failures -%}
        {%- do exceptions.raise_compiler_error(failures) -%}
    {%- endif -%}
{%- endmacro %}


{#- The job fails where a product could not be served, or its predictions are damaged, after everything was recorded. -#}
{% macro fail_unless_served() -%}
    {%- set failures = serving_failures() or damage_of_invocation() if execute and flags.WHICH in ['build', 'run'] -%}
    {%- if failures %}
    select error({{ string_literal(failures) }})
    {%- endif -%}
{%- endmacro %}


{#- Failures of this invocation: a sentence and a line per product; none without failures. -#}
{% macro serving_failures() -%}
    {%- set failures = run_query(
        'select product, message from ' ~ operations_table('serving_log') ~ " where outcome = 'failed' and invocation_id = '"
        ~ invocation_id ~ "' order by product"
    ).rows -%}
    {%- set lines = ['The serving database does not have what the lake has; the next dbt build completes it.'] -%}
    {%- for failure in failures -%}
        {%- do lines.append(failure['product'] ~ ': ' ~ failure['message']) -%}
    {%- endfor -%}
    {{ return(lines | join('\n') if failures else none) }}
{%- endmacro %}
