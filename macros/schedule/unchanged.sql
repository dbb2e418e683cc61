{#- A build in which nothing is due, and that finds project, raw files and warehouse as the last whole build left them,
    passes over its models and tests: it would make what is there. Tests tagged `every_build`, which time alone can
    fail, are run. What the last build found is one row of the working set, and is forgotten as soon as it is untrue. -#}

{#- At the start of a build, before anything is written. -#}
{% macro forget_last_build_if_changed() -%}
    {%- set found = run_query(
        'select state = ' ~ build_state() ~ ' as is_unchanged from ' ~ last_build_table()
    ).rows if is_built(last_build_table()) else [] -%}
    {%- if found and not found[0]['is_unchanged'] -%}
        {%- do run_query('delete from ' ~ last_build_table()) -%}
    {%- endif -%}
    {{ return(found | length > 0 and found[0]['is_unchanged']) }}
{%- endmacro %}


{#- Hook, when the raw files are known. -#}
{% macro pass_over_unchanged_nodes() -%}
    {%- if execute and flags.WHICH == 'build' and is_whole_build() and is_as_last_built() and not nodes_with_work() -%}
        {%- do log_plan(relation_of_model('scoring_plan')) -%}
        {%- do run_query('select pass_over_nodes()') -%}
    {%- endif -%}
{%- endmacro %}


{% macro is_whole_build() -%}
    {%- for choice in ['select', 'exclude', 'selector', 'resource_types', 'full_refresh'] if invocation_args_dict.get(choice) -%}
        {{ return(false) }}
    {%- endfor -%}
    {{ return(invocation_args_dict.get('exclude_resource_types', []) | reject('equalto', 'unit_test') | list | length == 0) }}
{%- endmacro %}


{% macro is_as_last_built() -%}
    {{ return(is_built(last_build_table()) and run_query('select 1 from ' ~ last_build_table()).rows | length > 0) }}
{%- endmacro %}


{#- What time alone makes due: runs, and outcomes that can be measured by now. -#}
{% macro nodes_with_work() -%}
    {%- for source in raw_sources() if landing_batches(source.name) -%}
        {{ return(true) }}
    {%- endfor -%}
    {%- set plan = relation_of_model('scoring_plan') -%}
    {%- do run_query('create or replace table ' ~ plan ~ ' as ' ~ rendered_model('scoring_plan', ['slots_considered'])) -%}
    {%- if run_query('select 1 from ' ~ plan ~ ' where is_due').rows -%}
        {{ return(true) }}
    {%- endif -%}
    {%- for contract in all_contracts() if 'model.' ~ project_name ~ '.outcome_checks_' ~ contract.product in graph.nodes -%}
        {%- if runs_to_measure(contract.product) -%}
            {{ return(true) }}
        {%- endif -%}
    {%- endfor -%}
    {{ return(false) }}
{%- endmacro %}


{#- The query of a model as the build would make it now, with the views that it reads of those named. -#}
{% macro rendered_model(name, inlined) -%}
    {%- set text = namespace(sql=with_relations(node_of_model(name))) -%}
    {%- for view in inlined -%}
        {%- set query = '(' ~ render(with_relations(node_of_model(view))) ~ ')' -%}
        {%- set text.sql = text.sql.replace(relation_of_model(view) | string, query) -%}
    {%- endfor -%}
    {{ return(render(text.sql)) }}
{%- endmacro %}


{#- Hook, at the end of a build: where each node succeeded, the next one need not look again. -#}
{% macro remember_build(results) -%}
    {%- if execute and flags.WHICH == 'build' and is_whole_build() -%}
        {%- set failed = [] -%}
        {%- for result in results
            if result.status not in ['success', 'pass', 'no-op'] and 'every_build' not in result.node.tags -%}
            {%- do failed.append(result) -%}
        {%- endfor -%}
        {%- do run_query(
            'create or replace table ' ~ last_build_table() ~ ' as select ' ~ build_state() ~ ' as state where '
            ~ (failed | length == 0)
        ) -%}
    {%- endif -%}
{%- endmacro %}


{% macro last_build_table() -%}
    {%- set plan = relation_of_model('scoring_plan') -%}
    {{ return(plan.incorporate(path={'identifier': 'last_build'})) }}
{%- endmacro %}


{#- A digest of what a build rests on, and of what it left: whoever writes to the lake makes a snapshot of it. -#}
{% macro build_state() -%}
    (
        select md5(concat_ws(
            '|', getvariable('project_fingerprint'), (select max(snapshot_id) from ducklake_snapshots('lake')),
            string_agg(concat_ws(' ', schema_name, name, definition), '|' order by schema_name, name)
        ))
        from (
            select schema_name, table_name as name, sql as definition from duckdb_tables()
            where database_name = current_database()
            union all
            select schema_name, view_name, null from duckdb_views()
            where database_name = current_database() and not internal
        ) as relations
        where schema_name <> 'elementary' and name <> 'last_build'
    )
{%- endmacro %}
