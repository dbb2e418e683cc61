{% macro prepare_operations() -%}
    {%- if execute -%}
        {%- set is_unchanged = flags.WHICH == 'build' and forget_what_changed() -%}
        {%- if not is_unchanged -%}
            {%- do make_operations_tables() -%}
        {%- endif -%}
        {%- if flags.WHICH in ['build', 'run', 'test', 'seed'] -%}
            {%- do close_crashed_attempts() -%}
        {%- endif -%}
        {%- if flags.WHICH in ['build', 'run'] -%}
            {%- if not is_unchanged -%}
                {%- do compress_predictions() -%}
                {%- do make_operations_views() -%}
            {%- endif -%}
            {%- do set_damaged_files_aside(is_unchanged) -%}
            {%- do record_operations() -%}
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}


{% macro make_operations_tables() -%}
    {%- set existing = {} -%}
    {%- set missing = [] -%}
    {%- for source in graph.get('sources', {}).values() if source.source_name == 'operations' -%}
        {%- set relation = api.Relation.create(
            database=source.database, schema=source.schema, identifier=source.identifier
        ) -%}
        {%- if relation.schema not in existing -%}
            {%- do existing.update({relation.schema: columns_by_table(relation)}) -%}
        {%- endif -%}
        {%- set columns = existing[relation.schema].get(relation.identifier) -%}
        {%- if columns is none -%}
            {%- do missing.append((relation, source)) -%}
        {%- elif source.columns.keys() | reject('in', columns) | list -%}
            {%- do rename_columns(relation, source.columns.values(), columns) -%}
            {%- do add_new_columns(relation, source.columns.values()) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- if missing -%}
        {%- for relation, source in missing -%}
            {%- do run_query('create schema if not exists ' ~ relation.without_identifier()) -%}
            {%- do make_lake_table(relation, source) -%}
        {%- endfor -%}
        {%- do adapter.commit() -%}
    {%- endif -%}
{%- endmacro %}


{#- Columns that a former version called otherwise, by their config.meta.renamed_from. The views that read them
    are replaced in the same transaction, so that a reader finds the new name nowhere or everywhere. -#}
{% macro rename_columns(relation, columns, existing) -%}
    {%- for column in columns if column.config.meta.get('renamed_from') in existing and column.name not in existing -%}
        {%- set former = column.config.meta.renamed_from -%}
        {%- set word = modules.re.compile('\\b' ~ former ~ '\\b') -%}
        {%- set views = run_query(
            "select schema_name, view_name, sql from duckdb_views() where database_name = '" ~ relation.database
            ~ "' and contains(sql, '" ~ relation.identifier ~ "') and contains(sql, '" ~ former ~ "')"
        ) -%}
        {%- call statement('rename_column', auto_begin=true) -%}
            alter table {{ relation }} rename column {{ former }} to {{ column.name }}
        {%- endcall -%}
        {%- for view in views.rows -%}
            {%- call statement('replace_view') -%}
                create or replace view {{ relation.database }}.{{ view['schema_name'] }}.{{ view['view_name'] }} as
                {{ word.sub(column.name, view['sql'].partition(' AS ')[2]) }}
            {%- endcall -%}
        {%- endfor -%}
        {%- do adapter.commit() -%}
    {%- endfor -%}
{%- endmacro %}


{% macro columns_by_table(relation) -%}
    {%- set tables = {} -%}
    {%- for row in run_query(
        "select table_name, column_name from duckdb_columns() where database_name = '" ~ relation.database
        ~ "' and schema_name = '" ~ relation.schema ~ "'"
    ).rows -%}
        {%- do tables.setdefault(row['table_name'], []).append(row['column_name']) -%}
    {%- endfor -%}
    {{ return(tables) }}
{%- endmacro %}


{% macro column_definitions(resource) -%}
    {%- for column in resource.columns.values() -%}
        {{ column.name }} {{ api.Column.translate_type(column.data_type) }}{{ ', ' if not loop.last }}
    {%- endfor -%}
{%- endmacro %}


{% macro operations_table(name) -%}
    {%- for source in graph.get('sources', {}).values() if source.source_name == 'operations' and source.name == name -%}
        {{ return(api.Relation.create(
            database=source.database, schema=source.schema, identifier=source.identifier
        )) }}
    {%- endfor -%}
{%- endmacro %}


{% macro operations_columns(name) -%}
    {%- set columns = [] -%}
    {%- for source in graph.get('sources', {}).values() if source.source_name == 'operations' and source.name == name -%}
        {%- do columns.extend(source.columns.keys()) -%}
    {%- endfor -%}
    {{ return(columns) }}
{%- endmacro %}


{% macro close_crashed_attempts() -%}
    {%- set crashed = query_of('crashed_attempts') -%}
    {%- set found = run_query('select product, as_of from ' ~ crashed ~ ' as crashed').rows -%}
    {%- if found -%}
        {%- do run_query(ledger_insert(crashed)) -%}
        {%- for row in found -%}
            {{ log(row['product'] ~ ' ' ~ row['as_of'] ~ ': the last attempt crashed; it is in the ledger', info=true) }}
        {%- endfor -%}
    {%- endif -%}
{%- endmacro %}
