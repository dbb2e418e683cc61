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
    {{ log(
        'Snapshots: ' ~ answer.before.snapshots ~ ' before, ' ~ answer.after.snapshots ~ ' now; files: '
        ~ answer.before.files ~ ' before, ' ~ answer.after.files ~ ' now; catalogue: '
        ~ '%.1f' | format(answer.before.catalog_bytes / 1e6) ~ ' MB before, '
        ~ '%.1f' | format(answer.after.catalog_bytes / 1e6) ~ ' MB now. Files that no snapshot needs are deleted '
        ~ keep_days ~ ' days later.', info=true
    ) }}
{%- endmacro %}
