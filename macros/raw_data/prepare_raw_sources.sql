{% macro prepare_raw_sources(required=false) -%}
    {%- if execute and (required or run_reads_raw_sources()) -%}
        {{ return(adapter.dispatch('prepare_raw_sources')()) }}
    {%- endif -%}
{%- endmacro %}


{% macro run_reads_raw_sources() -%}
    {%- if flags.WHICH in ['freshness', 'source'] -%}
        {{ return(true) }}
    {%- endif -%}
    {%- for unique_id in selected_resources -%}
        {%- set node = graph.get('nodes', {}).get(unique_id) -%}
        {%- if node and node.resource_type in ['model', 'test'] -%}
            {%- for parent in node.depends_on.nodes if parent.startswith('source.' ~ project_name ~ '.raw.') -%}
                {{ return(true) }}
            {%- endfor -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(false) }}
{%- endmacro %}


{% macro duckdb__prepare_raw_sources() -%}
    {%- set folder = run_query("select getvariable('raw_data')").columns[0].values()[0] -%}
    {%- set problems = [] -%}
    {%- set statements = [] -%}
    {%- for source in graph.get('sources', {}).values() if source.source_name == 'raw' -%}
        {%- set location = duckdb__raw_location(folder, source.name, problems) -%}
        {%- if location -%}
            {%- do duckdb__check_raw_columns(location, source, problems) -%}
            {%- set columns = source.columns.keys() | join(', ') -%}
            {%- do statements.append(
                'create or replace view raw.' ~ source.name ~ ' as select ' ~ columns
                ~ ' from read_parquet(' ~ string_literal(location) ~ ')'
            ) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- if problems -%}
        {%- if flags.WHICH in ['build', 'run'] -%}
            {%- do record_source_failure('The raw data cannot be used: ' ~ problems | join(' ')) -%}
        {%- endif -%}
        {%- do exceptions.raise_compiler_error(
            'The raw data in RAW_DATA=' ~ folder ~ ' cannot be used:\n  - ' ~ problems | join('\n  - ')
            ~ '\nThe expected tables are described in models/staging/_staging__sources.yml. Nothing was built.'
        ) -%}
    {%- endif -%}
    {%- do run_query('create schema if not exists raw') -%}
    {%- for statement in statements -%}
        {%- do run_query(statement) -%}
    {%- endfor -%}
{%- endmacro %}


{#- Where a raw table is: one file, or a folder of files. -#}
{% macro duckdb__raw_location(folder, table, problems) -%}
    {%- set base = folder ~ '/' ~ table -%}
    {%- set found = [] -%}
    {%- for pattern in [base ~ '.parquet', base ~ '/*.parquet'] -%}
        {%- if run_query('select count(*) from glob(' ~ string_literal(pattern) ~ ')').columns[0].values()[0] -%}
            {%- do found.append(pattern) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- if found | length == 1 -%}
        {{ return(found[0]) }}
    {%- elif found -%}
        {%- do problems.append('table ' ~ table ~ ': both ' ~ found | join(' and ') ~ ' exist; keep one of them.') -%}
    {%- else -%}
        {%- do problems.append(
            'table ' ~ table ~ ' is missing: expected ' ~ base ~ '.parquet, or Parquet files in the folder ' ~ base ~ '/.'
        ) -%}
    {%- endif -%}
    {{ return(none) }}
{%- endmacro %}


{#- Text is accepted where a number or an instant is expected: what cannot be parsed is rejected row by row. -#}
{% macro duckdb__check_raw_columns(location, source, problems) -%}
    {%- set accepted = {
        'text': ['VARCHAR', 'ENUM'],
        'timestamp': ['TIMESTAMP', 'DATE', 'VARCHAR'],
        'decimal': ['DECIMAL', 'DOUBLE', 'FLOAT', 'INTEGER', 'BIGINT', 'SMALLINT', 'HUGEINT', 'VARCHAR'],
        'integer': ['INTEGER', 'BIGINT', 'SMALLINT', 'TINYINT', 'UINTEGER', 'USMALLINT', 'UTINYINT', 'DOUBLE', 'FLOAT', 'DECIMAL', 'VARCHAR']
    } -%}
    {%- set found = {} -%}
    {%- for row in run_query('describe select * from read_parquet(' ~ string_literal(location) ~ ')').rows -%}
        {%- do found.update({row[0] | lower: row[1]}) -%}
    {%- endfor -%}
    {%- for column in source.columns.values() -%}
        {%- if column.name not in found -%}
            {%- do problems.append(
                'table ' ~ source.name ~ ': column ' ~ column.name ~ ' (' ~ column.data_type ~ ') is missing in '
                ~ location ~ '; found ' ~ found.keys() | join(', ') ~ '.'
            ) -%}
        {%- else -%}
            {%- set type = found[column.name].split('(')[0].split(' ')[0].split('_')[0] -%}
            {%- if type not in accepted[column.data_type] or found[column.name].endswith('[]') -%}
                {%- do problems.append(
                    'table ' ~ source.name ~ ': column ' ~ column.name ~ ' has type ' ~ found[column.name]
                    ~ ', expected ' ~ column.data_type ~ ', in ' ~ location ~ '. Cast it in the export.'
                ) -%}
            {%- endif -%}
        {%- endif -%}
    {%- endfor -%}
{%- endmacro %}
