{#- Where project and relations are as the last build left them, a build need not load seeds and make views again; where
    raw files and lake are so as well, and nothing is due, it passes over all of its models and tests, but for tests tagged
    `every_build`, which time alone can fail. What the last build left is one row of the working set; what is untrue by
    now is forgotten. -#}

{#- At the start of a build, before anything is written. Returns whether the definitions are those of the last build. -#}
{% macro forget_what_changed() -%}
    {%- if is_built(last_build_table()) -%}
        {%- do run_query(
            'delete from ' ~ last_build_table() ~ " where definitions <> '" ~ definitions_digest() ~ "'"
        ) -%}
        {%- do run_query(
            'update ' ~ last_build_table() ~ ' set lake_snapshot = null where lake_snapshot <> ' ~ newest_lake_snapshot()
        ) -%}
    {%- endif -%}
    {{ return(last_build() is not none) }}
{%- endmacro %}


{#- Hook, when the raw files are known. -#}
{% macro pass_over_unchanged_nodes() -%}
    {%- if execute and flags.WHICH == 'build' -%}
        {%- do run_query('select pass_over_nodes(' ~ string_literal(tojson(unchanged_nodes())) ~ ')') -%}
    {%- endif -%}
{%- endmacro %}


{#- Their ids, of all that this project has. Unit tests are none: those of this build may not have run in the last one. -#}
{% macro unchanged_nodes() -%}
    {%- set last = none if names_nodes() else last_build() -%}
    {%- if not last -%}
        {{ return([]) }}
    {%- elif last['lake_snapshot'] is none or nodes_with_work() -%}
        {{ return(definitions()) }}
    {%- endif -%}
    {%- do log_plan(relation_of_model('scoring_plan')) -%}
    {%- set found = [] -%}
    {%- for node in graph.nodes.values() | list + graph.exposures.values() | list
        if node.package_name == project_name and 'every_build' not in node.tags -%}
        {%- do found.append(node.unique_id) -%}
    {%- endfor -%}
    {{ return(found) }}
{%- endmacro %}


{#- Who names nodes wants them made. -#}
{% macro names_nodes() -%}
    {%- for choice in ['select', 'selector', 'resource_types', 'full_refresh'] if invocation_args_dict.get(choice) -%}
        {{ return(true) }}
    {%- endfor -%}
    {{ return(false) }}
{%- endmacro %}


{% macro leaves_nodes_out() -%}
    {%- set kinds = invocation_args_dict.get('exclude_resource_types', []) | reject('equalto', 'unit_test') | list -%}
    {{ return(invocation_args_dict.get('exclude') or kinds) }}
{%- endmacro %}


{#- What the last build left; none where it could not make them, or where other definitions have come since. -#}
{% macro last_build() -%}
    {%- set found = run_query('select lake_snapshot from ' ~ last_build_table()).rows if is_built(last_build_table()) else [] -%}
    {{ return(found[0] if found else none) }}
{%- endmacro %}


{#- What time alone makes due: runs, and outcomes that can be measured by now. -#}
{% macro nodes_with_work() -%}
    {%- for source in raw_sources() if landing_batches(source.name) -%}
        {{ return(true) }}
    {%- endfor -%}
    {%- set plan = relation_of_model('scoring_plan') -%}
    {%- do run_query('create or replace table ' ~ plan ~ ' as ' ~ present_plan()) -%}
    {%- if run_query('select 1 from ' ~ plan ~ ' where is_due').rows -%}
        {{ return(true) }}
    {%- endif -%}
    {%- set unmeasured = run_query('select distinct product from ' ~ query_of('unmeasured_runs')).columns[0].values() -%}
    {%- for product in unmeasured if 'model.' ~ project_name ~ '.outcome_checks_' ~ product in graph.nodes -%}
        {%- if runs_to_measure(product) -%}
            {{ return(true) }}
        {%- endif -%}
    {%- endfor -%}
    {{ return(false) }}
{%- endmacro %}


{#- The query of the plan before this build makes it: the views that it reads are of the last build, and one of them has
    that build's clock. -#}
{% macro present_plan() -%}
    {%- set slots = relation_of_model('slots_considered') | string -%}
    {{ return(query_of('scoring_plan').replace(slots, query_of('slots_considered'))) }}
{%- endmacro %}


{#- Hook, at the end of a build: what it could make, and whether everything in it succeeded. -#}
{% macro remember_build(results) -%}
    {%- if execute and flags.WHICH == 'build' and not names_nodes() -%}
        {%- set made = [] -%}
        {%- set failed = [] -%}
        {%- for result in results -%}
            {%- if result.status in ['success', 'pass', 'no-op'] -%}
                {%- do made.append(result.node.unique_id) -%}
            {%- elif 'every_build' not in result.node.tags -%}
                {%- do failed.append(result.node.unique_id) -%}
            {%- endif -%}
        {%- endfor -%}
        {%- set is_whole = not failed and not leaves_nodes_out() -%}
        {%- do run_query(
            'create or replace table ' ~ last_build_table() ~ " as select '" ~ definitions_digest() ~ "' as definitions, "
            ~ literal(newest_lake_snapshot() if is_whole else none, 'bigint') ~ ' as lake_snapshot where '
            ~ (definitions() | reject('in', made) | list | length == 0)
        ) -%}
    {%- endif -%}
{%- endmacro %}


{#- The nodes that depend on the project alone. -#}
{% macro definitions() -%}
    {%- set found = [] -%}
    {%- for unique_id, node in graph.nodes.items() if node.package_name == project_name
        and (node.resource_type == 'seed' or node.config.materialized == 'lake_view') -%}
        {%- do found.append(unique_id) -%}
    {%- endfor -%}
    {{ return(found) }}
{%- endmacro %}


{% macro last_build_table() -%}
    {%- set plan = relation_of_model('scoring_plan') -%}
    {{ return(plan.incorporate(path={'identifier': 'left_by_last_build'})) }}
{%- endmacro %}


{% macro definitions_digest() -%}
    {{ return(run_query('from ' ~ query_of('built_definitions')).columns[0].values()[0]) }}
{%- endmacro %}


{#- Whoever writes to the lake makes one. -#}
{% macro newest_lake_snapshot() -%}
    {{ return(run_query('select lake_snapshot_id from ' ~ query_of('lake_state')).columns[0].values()[0]) }}
{%- endmacro %}
