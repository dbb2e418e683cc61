{#- Small appends add up: many builds make many small files and snapshots. Run it now and then, while no build
    runs; what readers see stays the same to the byte. -#}

{% macro maintain_lake(keep_days=30) -%}
    {%- if keep_days is not integer or keep_days < 1 -%}
        {%- do exceptions.raise_compiler_error(
            'maintain_lake: keep_days is ' ~ keep_days ~ '; expected a whole number of days of at least 1, for which older '
            ~ "states of the tables stay readable. Call: dbt run-operation maintain_lake --args '{keep_days: 30}'"
        ) -%}
    {%- endif -%}
    {#- In a process of its own (python_scoring/warehouse/maintenance.py): DuckDB may end the one that does it. -#}
    {%- set answer = fromjson(run_query('select maintain_lake(' ~ keep_days ~ ') as answer').rows[0]['answer']) -%}
    {%- if answer.error -%}
        {%- do exceptions.raise_compiler_error(answer.error) -%}
    {%- endif -%}
    {{ log(maintained(answer, keep_days), info=true) }}
{%- endmacro %}


{#- At the end of a build that left nothing undone, and before the next slot's deadline. Whatever goes wrong here, the
    build has ended well, and the next one tries again. -#}
{% macro maintain_lake_when_due(results) -%}
    {%- set settings = var('maintain_lake') -%}
    {%- set failures = results | selectattr('status', 'in', ['error', 'fail', 'runtime error', 'skipped']) | list -%}
    {%- if env_var('MAINTENANCE', 'on') != 'off' and not failures and maintenance_is_due(settings) -%}
        {%- set seconds = [settings.seconds, seconds_to_deadline()] | min -%}
        {#- In a process of its own, while this one has no transaction open. -#}
        {%- do adapter.commit() -%}
        {%- set answer = fromjson(run_query(
            'select maintain_lake_unless_read(' ~ settings.keep_days ~ ', ' ~ seconds ~ ') as answer'
        ).rows[0]['answer']) -%}
        {{ log('  ' ~ (answer.error or 'The lake was maintained. ' ~ maintained(answer, settings.keep_days)), info=true) }}
    {%- endif -%}
{%- endmacro %}


{#- By the clock of the machine, as snapshots have their times from it. -#}
{% macro maintenance_is_due(settings) -%}
    {{ return(run_query(
        'select min(cast(snapshot_time as timestamptz)) < now() - interval ' ~ (settings.every_days + settings.keep_days)
        ~ ' day as is_due from __ducklake_metadata_lake.ducklake_snapshot'
    ).rows[0]['is_due']) }}
{%- endmacro %}


{#- How long a build may still take before the next slot of any product is missed. -#}
{% macro seconds_to_deadline() -%}
    {{ return(run_query(
        "select coalesce(min(date_diff('second', " ~ current_utc_timestamp() ~ ", fresh_until)), 86400) as seconds from "
        ~ relation_of_model('prediction_freshness') ~ ' where fresh_until > ' ~ current_utc_timestamp()
    ).rows[0]['seconds'] | int) }}
{%- endmacro %}


{% macro maintained(answer, keep_days) -%}
    {{ return(
        'Snapshots: ' ~ answer.before.snapshots ~ ' before, ' ~ answer.after.snapshots ~ ' now; files: '
        ~ answer.before.files ~ ' before, ' ~ answer.after.files ~ ' now; catalogue: '
        ~ '%.1f' | format(answer.before.catalog_bytes / 1e6) ~ ' MB before, '
        ~ '%.1f' | format(answer.after.catalog_bytes / 1e6) ~ ' MB now. Files that no snapshot needs are deleted '
        ~ keep_days ~ ' days later.'
    ) }}
{%- endmacro %}
