{#- Plans what this build lands, and makes the raw tables readable. Stops the build with every problem at once,
    before anything else. -#}
{% macro prepare_raw_sources() -%}
    {%- if execute -%}
        {%- do refuse_partial_reads() -%}
        {%- set landing = {} -%}
        {%- if flags.WHICH in ['build', 'run'] and lands_raw_files() -%}
            {%- do landing.update(fromjson(run_query(
                'select plan_landing(' ~ string_literal(tojson(raw_tables())) ~ ')'
            ).columns[0].values()[0])) -%}
            {%- if landing.problems -%}
                {%- do stop_for_raw_data(landing.problems) -%}
            {%- endif -%}
            {%- do report_vanished(landing.vanished) -%}
        {%- endif -%}
        {%- do keep_landing_plan(landing.get('batches', {})) -%}
    {%- endif -%}
{%- endmacro %}


{% macro lands_raw_files() -%}
    {%- for unique_id in selected_resources -%}
        {%- set node = graph.get('nodes', {}).get(unique_id) -%}
        {%- if node and node.config.materialized == 'landed' -%}
            {{ return(true) }}
        {%- endif -%}
    {%- endfor -%}
    {{ return(false) }}
{%- endmacro %}


{#- dbt's dry runs rewrite every ref. What they would build here is read by consumers. -#}
{% macro refuse_partial_reads() -%}
    {%- for flag in ['empty', 'sample'] if flags.WHICH in ['build', 'run'] and invocation_args_dict.get(flag) -%}
        {%- do exceptions.raise_compiler_error(
            '--' ~ flag ~ ' is refused: consumers read what this warehouse holds, and would find rows missing. '
            ~ 'Set WAREHOUSE to an empty folder and RAW_DATA to a small set of files instead '
            ~ '(customer-predictions demo-data --customers 500 --out FOLDER). Nothing was built.'
        ) -%}
    {%- endfor -%}
{%- endmacro %}


{% macro stop_for_raw_data(problems) -%}
    {%- if flags.WHICH in ['build', 'run'] -%}
        {%- do record_source_failure('The raw data cannot be used: ' ~ problems | join(' ')) -%}
    {%- endif -%}
    {%- do exceptions.raise_compiler_error(
        'The raw data in RAW_DATA=' ~ run_query("select getvariable('raw_data')").columns[0].values()[0]
        ~ ' cannot be used:\n  - ' ~ problems | join('\n  - ')
        ~ '\nThe expected tables are described in models/staging/_staging__sources.yml. Nothing was built.'
    ) -%}
{%- endmacro %}


{% macro report_vanished(files) -%}
    {%- for file in files -%}
        {%- do run_query('insert into ' ~ operations_table('landed_files') ~ ' by name ' ~ query_of(
            'listed_files', raw_table=file.source, landing=next_landing(), files=[file]
        )) -%}
        {{ log('  ' ~ file.file ~ ' was landed and is no longer in RAW_DATA: its rows stay, and a rebuild from raw files lacks them.', info=true) }}
    {%- endfor -%}
{%- endmacro %}


{#- The raw tables with the SQL that reads a row of theirs, for plan_landing. -#}
{% macro raw_tables() -%}
    {%- set tables = [] -%}
    {%- for source in raw_sources() -%}
        {%- set types = {} -%}
        {%- for column in source.columns.values() -%}
            {%- do types.update({column.name: column.data_type}) -%}
        {%- endfor -%}
        {%- do tables.append({
            'name': source.name, 'columns': types, 'happened_at': source.config.meta.happened_at,
            'row_text': raw_row_text(source) | string, 'load_day': 'cast(' ~ as_instant('loaded_at') ~ ' as date)'
        }) -%}
    {%- endfor -%}
    {{ return(tables) }}
{%- endmacro %}


{% macro raw_sources() -%}
    {%- set sources = [] -%}
    {%- for source in graph.get('sources', {}).values() if source.source_name == 'raw' -%}
        {%- do sources.append(source) -%}
    {%- endfor -%}
    {{ return(sources | sort(attribute='name')) }}
{%- endmacro %}
