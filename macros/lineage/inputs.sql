{#- What the raw tables held before a data cutoff. `plan` selects as_of, data_cutoff and feature_version. A row
    belongs to the first cutoff it was loaded before, so that many cutoffs cost one scan. -#}

{% macro input_digests(plan) -%}
    {%- set cutoffs = run_query('select distinct data_cutoff from (' ~ plan ~ ') as plan order by data_cutoff').columns[0].values() -%}
    with plan as (
        {{ plan }}
    ),

    parts as (
        {%- for source in raw_tables() %}
        {{ 'union all' if not loop.first }}
        select
            '{{ source.name }}' as source,
            counted.part_cutoff,
            count(*) as row_count,
            max(counted.loaded_at) as newest_loaded_at,
            {{ md5_sum('counted.row_text', 1) }} as first_sum,
            {{ md5_sum('counted.row_text', 2) }} as second_sum
        from (
            select
                {{ as_instant('loaded_at') }} as loaded_at,
                case
                    {%- for cutoff in cutoffs %}
                    when {{ as_instant('loaded_at') }} < {{ timestamp_literal(cutoff) }} then {{ timestamp_literal(cutoff) }}
                    {%- endfor %}
                end as part_cutoff,
                {{ raw_row_text(source) }} as row_text
            from {{ api.Relation.create(database=source.database, schema=source.schema, identifier=source.identifier) }}
        ) as counted
        where counted.part_cutoff is not null
        group by counted.part_cutoff
        {%- endfor %}
    ),

    sources as (
        {%- for source in raw_tables() %}
        {{ 'union all' if not loop.first }}
        select '{{ source.name }}' as source
        {%- endfor %}
    )

    select
        plan.as_of,
        plan.data_cutoff,
        plan.feature_version,
        sources.source,
        coalesce(sum(parts.row_count), 0) as row_count,
        max(parts.newest_loaded_at) as newest_loaded_at,
        cast(coalesce(sum(parts.first_sum), 0) as text) || '-' || cast(coalesce(sum(parts.second_sum), 0) as text) as content_digest
    from plan
    cross join sources
    left join parts on sources.source = parts.source and plan.data_cutoff >= parts.part_cutoff
    group by plan.as_of, plan.data_cutoff, plan.feature_version, sources.source
{%- endmacro %}


{% macro raw_tables() -%}
    {%- set tables = [] -%}
    {%- for source in graph.get('sources', {}).values() if source.source_name == 'raw' -%}
        {%- do tables.append(source) -%}
    {%- endfor -%}
    {{ return(tables | sort(attribute='name')) }}
{%- endmacro %}


{#- The values as staging reads them: the same row stored in another type of column is the same input. -#}
{% macro raw_row_text(source) -%}
    concat_ws(
        '|'
        {%- for column in source.columns.values() -%}
        , coalesce(cast({{ raw_value(column) }} as text), '')
        {%- endfor -%}
    )
{%- endmacro %}


{% macro raw_value(column) -%}
    {%- if column.data_type == 'timestamp' -%}
        {{ as_instant(column.name) }}
    {%- elif column.data_type == 'decimal' -%}
        {{ as_money(column.name) }}
    {%- elif column.data_type == 'integer' -%}
        {{ as_count(column.name) }}
    {%- else -%}
        {{ column.name }}
    {%- endif -%}
{%- endmacro %}


{% macro record_inputs(plan) -%}
    insert into {{ operations_table('snapshot_inputs') }} ({{ operations_columns('snapshot_inputs') | join(', ') }})
    select
        as_of, data_cutoff, feature_version, source, row_count, newest_loaded_at, content_digest,
        {{ lake_snapshot_id() }} as lake_snapshot_id
    from ({{ input_digests(plan) }}) as inputs
{%- endmacro %}


{#- For replay: the inputs of past snapshots as the raw tables are now, into a warehouse of its own. -#}
{% macro record_inputs_again() -%}
    {%- do prepare_raw_sources(required=true) -%}
    {%- do make_operations_tables() -%}
    {%- set plan = [] -%}
    {%- for snapshot in requested_snapshots() -%}
        {%- do plan.append(
            'select ' ~ timestamp_literal(snapshot.as_of) ~ ' as as_of, ' ~ timestamp_literal(snapshot.data_cutoff) ~ ' as data_cutoff, '
            ~ string_literal(feature_version()) ~ ' as feature_version'
        ) -%}
    {%- endfor -%}
    {%- do run_query(record_inputs(plan | join(' union all '))) -%}
{%- endmacro %}
