{#- Small appends add up: many builds make many small files and snapshots. Run it now and then, while no build
    runs; what readers see stays the same to the byte. -#}

{% macro maintain_lake(keep_days=30) -%}
    {%- if keep_days is not integer or keep_days < 1 -%}
        {%- do exceptions.raise_compiler_error(
            'maintain_lake: keep_days is ' ~ keep_days ~ '; expected a whole number of days of at least 1, for which older '
            ~ "states of the tables stay readable. Call: dbt run-operation maintain_lake --args '{keep_days: 30}'"
        ) -%}
    {%- endif -%}
    {{ return(adapter.dispatch('maintain_lake')(keep_days)) }}
{%- endmacro %}

{% macro default__maintain_lake(keep_days) -%}
    {{ log('The lake of this target maintains itself: nothing to do.', info=true) }}
{%- endmacro %}

{% macro duckdb__maintain_lake(keep_days) -%}
    {%- set lake = operations_table('run_ledger').database -%}
    {%- set measure -%}
        select
            (select count(*) from ducklake_snapshots('{{ lake }}')) as snapshots,
            (select sum(file_count) from ducklake_table_info('{{ lake }}')) as files
    {%- endset -%}
    {%- set before = run_query(measure).rows[0] -%}
    {%- for statement in [
        "call ducklake_flush_inlined_data('" ~ lake ~ "')",
        "call ducklake_expire_snapshots('" ~ lake ~ "', older_than => now() - interval '" ~ keep_days ~ "' day)",
        "call ducklake_merge_adjacent_files('" ~ lake ~ "')",
        "call ducklake_cleanup_old_files('" ~ lake ~ "', older_than => now() - interval '" ~ keep_days ~ "' day)"
    ] -%}
        {%- do run_query(statement) -%}
    {%- endfor -%}
    {%- set after = run_query(measure).rows[0] -%}
    {{ log(
        'Snapshots: ' ~ before['snapshots'] ~ ' before, ' ~ after['snapshots'] ~ ' now; files: ' ~ before['files']
        ~ ' before, ' ~ after['files'] ~ ' now. Files that no snapshot needs are deleted ' ~ keep_days ~ ' days later.', info=true
    ) }}
{%- endmacro %}
