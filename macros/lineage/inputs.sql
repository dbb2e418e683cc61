{#- What the raw tables held before a data cutoff, from the digests of what was landed: whole days add up, and of the
    day of the cutoff the rows are read. `plan` selects as_of, data_cutoff and feature_version. -#}
{% macro input_digests(plan) -%}
    with plan as (
        {{ plan }}
    ),

    parts as (
        {{ input_parts('plan') }}
    ),

    sources as (
        {%- for source in raw_sources() %}
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
        max(parts.last_loaded_at) as newest_loaded_at,
        {{ input_digest('coalesce(sum(parts.first_sum), 0)', 'coalesce(sum(parts.second_sum), 0)') }} as content_digest
    from plan
    cross join sources
    left join parts on sources.source = parts.source and plan.data_cutoff = parts.data_cutoff
    group by plan.as_of, plan.data_cutoff, plan.feature_version, sources.source
{%- endmacro %}


{#- Rows and digests of the whole days before each cutoff of a plan, and of the day of the cutoff. -#}
{% macro input_parts(plan) -%}
    with replaced as (
        select source, file, max(landing) as landing
        from {{ operations_table('landed_files') }}
        where change = 'replaced'
        group by source, file
    ),

    last_day as (
        {{ rows_of_last_day(plan) }}
    )

    select plan.data_cutoff, days.source, days.row_count, days.last_loaded_at, days.first_sum, days.second_sum
    from {{ plan }} as plan
    inner join {{ operations_table('landed_days') }} as days on days.load_day < cast(plan.data_cutoff as date)
    left join replaced on days.source = replaced.source and days.file = replaced.file
    where days.landing >= coalesce(replaced.landing, 0)

    union all

    select
        data_cutoff, source, count(*), max(loaded_at),
        {{ md5_sum('row_text', 1) }}, {{ md5_sum('row_text', 2) }}
    from last_day
    group by data_cutoff, source
{%- endmacro %}


{#- The rows, rejected ones included, that were loaded on the day of a cutoff and before it. -#}
{% macro rows_of_last_day(plan) -%}
    {%- for source in raw_sources() %}
    {{ 'union all' if not loop.first }}
    select cutoffs.data_cutoff, '{{ source.name }}' as source, landed.loaded_at, landed.row_text
    from (select distinct data_cutoff from {{ plan }}) as cutoffs
    inner join (
        select loaded_at, coalesce(source_text, {{ raw_row_text(source) }}) as row_text
        from (
            select landed.*, files.has_loaded_at
            from {{ relation_of_model('stg_' ~ source.name) }} as landed
            inner join {{ operations_table('landed_files') }} as files
                on landed.landed_in = files.landing and landed.landed_file = files.file and files.source = '{{ source.name }}'
        ) as rows
    ) as landed
        on landed.loaded_at < cutoffs.data_cutoff and landed.loaded_at >= date_trunc('day', cutoffs.data_cutoff)
    union all
    select cutoffs.data_cutoff, rejected.source, rejected.loaded_at, rejected.source_text
    from (select distinct data_cutoff from {{ plan }}) as cutoffs
    inner join {{ operations_table('rejected_rows') }} as rejected
        on
            rejected.source = '{{ source.name }}'
            and not rejected.is_landed
            and rejected.loaded_at < cutoffs.data_cutoff
            and rejected.loaded_at >= date_trunc('day', cutoffs.data_cutoff)
    {%- endfor %}
{%- endmacro %}


{% macro record_inputs(plan) -%}
    insert into {{ operations_table('snapshot_inputs') }} ({{ operations_columns('snapshot_inputs') | join(', ') }})
    select
        as_of, data_cutoff, feature_version, source, row_count, newest_loaded_at, content_digest,
        {{ lake_snapshot_id() }} as lake_snapshot_id
    from ({{ input_digests(plan) }}) as inputs
{%- endmacro %}


{#- For replay: the inputs of past snapshots as the raw tables are now, into a warehouse of its own where they were
    landed. -#}
{% macro record_inputs_again() -%}
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
