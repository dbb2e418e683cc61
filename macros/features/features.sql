{% macro feature_version() -%}
    {%- for node in graph.get('nodes', {}).values() if node.name == 'feature_snapshots' and node.resource_type == 'model' -%}
        {{- return(node.config.meta.feature_version) -}}
    {%- endfor -%}
{%- endmacro %}


{% macro feature_columns() -%}
    {%- set features = [] -%}
    {%- for node in graph.get('nodes', {}).values() if node.name == 'feature_snapshots' and node.resource_type == 'model' -%}
        {%- for column in node.columns.values() if column.config.meta.get('window') -%}
            {%- do features.append(column) -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(features) }}
{%- endmacro %}


{% macro record_snapshots() -%}
    {%- set customers_to_compute = ref('customers_to_compute') -%}
    {%- set plans = planned_snapshots() -%}
    {%- for plan in plans if plan.base_as_of %}
    {{ verify_carried_features(plan, customers_to_compute) }};
    {%- endfor %}
    {%- for plan in plans if plan.is_repair %}
    {{ verify_repaired_snapshot(plan) }};
    {{ record_repair('features.feature_snapshots', as_of=plan.as_of) }};
    {%- endfor %}
    {%- for plan in plans if not plan.is_repair %}
    insert into {{ operations_table('snapshot_manifest') }}
    (
        as_of, data_cutoff, feature_version, feature_snapshot_id, customers, built_at, invocation_id, code_version,
        definitions_sha256, newest_landing, base_as_of, customers_computed
    )
    select
        as_of, data_cutoff, feature_version,
        {{ rows_digest(snapshot_row_text(feature_names())) }} as feature_snapshot_id,
        count(*) as customers,
        {{ recorded_at() }} as built_at,
        '{{ invocation_id }}' as invocation_id,
        {{ code_version() }} as code_version,
        {{ literal(feature_definitions().definitions_sha256) }} as definitions_sha256,
        (select coalesce(max(landing), 0) from {{ operations_table('landed_files') }}) as newest_landing,
        {{ plan.base_as_of or 'cast(null as timestamp)' }} as base_as_of,
        (select count(*) from {{ customers_to_compute }} where as_of = {{ plan.as_of }}) as customers_computed
    from {{ this }} as snapshots
    where as_of = {{ plan.as_of }} and data_cutoff = {{ plan.data_cutoff }} and feature_version = '{{ feature_version() }}'
    group by as_of, data_cutoff, feature_version;
    {%- endfor %}
    {%- if plans %}
    {{ record_inputs('select as_of, data_cutoff, feature_version from ' ~ ref('snapshot_plan') ~ ' where not is_repair') }};
    {{ record_definitions() }};
    {%- endif -%}
{%- endmacro %}


{#- Stops where a snapshot that was made anew is not what its manifest says. -#}
{% macro verify_repaired_snapshot(plan) -%}
    select case when bool_or(found.digest <> manifest.feature_snapshot_id) then {{ raise_in_sql(
        "'feature_snapshots as of ' || " ~ plan.as_of ~ " || ' was computed again and is not what was recorded: the digest is '"
        ~ " || min(found.digest) || ' instead of ' || min(manifest.feature_snapshot_id)"
        ~ " || '. Copy its damaged file back from a backup (lake.operations.damaged_files names it).'"
    ) }} end
    from (
        select {{ rows_digest(snapshot_row_text(feature_names())) }} as digest
        from {{ this }}
        where as_of = {{ plan.as_of }} and feature_version = '{{ feature_version() }}'
    ) as found
    inner join {{ operations_table('snapshot_manifest') }} as manifest
        on manifest.as_of = {{ plan.as_of }} and manifest.feature_version = '{{ feature_version() }}'
{%- endmacro %}


{#- Stops, and takes back the snapshot, where customers by chance came out otherwise than the base has them. -#}
{% macro verify_carried_features(plan, customers_to_compute) -%}
    select case when count(*) > 0 then {{ raise_in_sql(
        "'feature_snapshots as of ' || " ~ plan.as_of ~ " || ': ' || count(*) || ' customers that did not change came out"
        ~ " otherwise than carried forward, for example ' || min(customer_id)"
        ~ " || '. Build once with RECOMPUTE_FEATURES=all, and report it.'"
    ) }} end
    from (
        select computed.customer_id
        from {{ customers_to_compute }} as computed
        inner join {{ this }} as former
            on former.as_of = {{ plan.base_as_of }} and former.feature_version = '{{ feature_version() }}'
            and computed.customer_id = former.customer_id
        inner join {{ this }} as present
            on present.as_of = {{ plan.as_of }} and present.feature_version = '{{ feature_version() }}'
            and computed.customer_id = present.customer_id
        where computed.as_of = {{ plan.as_of }} and computed.is_verification
            and ({{ carried_columns('former') }}) is distinct from ({{ carried_columns('present') }})
    ) as differing
{%- endmacro %}


{% macro carried_columns(relation) -%}
    {%- for column in state_columns() + carried_features() -%}
        {{ relation }}.{{ column.name }}{{ ', ' if not loop.last }}
    {%- endfor -%}
{%- endmacro %}


{% macro within_days(age, days) -%}
    {{ age }} <= {{ days * 86400000000 }}
{%- endmacro %}


{% macro within_preceding_days(age, days) -%}
    {{ age }} > {{ days * 86400000000 }} and {{ age }} <= {{ 2 * days * 86400000000 }}
{%- endmacro %}


{% macro exact_ratio(numerator, denominator, type='decimal(18, 4)') -%}
    cast(cast({{ numerator }} as double) / nullif(cast({{ denominator }} as double), 0) as {{ type }})
{%- endmacro %}


{% macro exact_stddev(count, total, total_of_squares, scale=1) -%}
    case when {{ count }} > 1 then cast(
        sqrt(cast(
            ({{ count }} * {{ total_of_squares }} - {{ total }} * {{ total }}) as double
        ) / (cast({{ count }} as double) * ({{ count }} - 1))) / {{ scale }}
        as decimal(18, 2)
    ) end
{%- endmacro %}


{% macro month_bit(age) -%}
    cast(1 as bigint) << cast(least({{ whole_quotient('(' ~ age ~ ' - 1)', 30 * 86400000000) }}, 11) as integer)
{%- endmacro %}


{% macro computed_value(feature) -%}
    {%- set value = feature.config.meta.computed_in.split('_')[0] ~ 's.' ~ feature.name -%}
    {{ 'coalesce(' ~ value ~ ', 0)' if feature.config.meta.get('absent') == 0 else value }}
{%- endmacro %}


{#- The features that do not move with the as-of while nothing about the customer changes. -#}
{% macro carried_features() -%}
    {{ return(
        (features_of('order_features') + features_of('event_features'))
        | rejectattr('config.meta.moves_with_as_of', 'defined') | list
    ) }}
{%- endmacro %}


{#- The instants that the other features follow from, with the relation that has them. -#}
{% macro state_columns() -%}
    {{ return([
        {'name': 'first_order_at', 'relation': 'orders'}, {'name': 'last_order_at', 'relation': 'orders'},
        {'name': 'last_event_at', 'relation': 'events'}
    ]) }}
{%- endmacro %}


{% macro features_of(model_name) -%}
    {%- set features = [] -%}
    {%- for feature in feature_columns() if feature.config.meta.computed_in == model_name -%}
        {%- do features.append(feature) -%}
    {%- endfor -%}
    {{ return(features) }}
{%- endmacro %}


{#- The days before an as-of at which rows of a source leave or enter a window: the features declare them. -#}
{% macro window_edges(source_name) -%}
    {%- set edges = [] -%}
    {%- for feature in feature_columns() if source_name in feature.config.meta.sources and feature.config.meta.window != 'lifetime' -%}
        {%- do edges.extend(feature.config.meta.get('edges') or [feature.config.meta.window.split(' ')[0] | int]) -%}
    {%- endfor -%}
    {{ return(edges | unique | sort) }}
{%- endmacro %}


{#- Whether a row may change its customer's features between the base of a plan and its as-of; the plan's instants are
    SQL, as plans_with_base has them. -#}
{% macro changes_features(plan, source_name, happened_at) -%}
    loaded_at < {{ plan.data_cutoff }}
    and (
        loaded_at >= {{ plan.base_cutoff }}
        or landed_in > {{ plan.base_landing }}
        {%- for days in [0] + window_edges(source_name) %}
        or (
            {{ happened_at }} >= {{ plan.base_as_of }} - interval {{ days }} day
            and {{ happened_at }} < {{ plan.as_of }} - interval {{ days }} day
        )
        {%- endfor %}
    )
{%- endmacro %}


{#- What snapshot_plan says, oldest first, with the instants as SQL literals: rows and files are compared with
    constants as they are read, at a fifth of the cost of a join. No base: none. -#}
{% macro planned_snapshots() -%}
    {%- set snapshot_plan = ref('snapshot_plan') -%}
    {%- set plans = [] -%}
    {%- if execute and is_built(snapshot_plan) -%}
        {%- set query -%}
            select
                {% for name in ['as_of', 'data_cutoff', 'base_as_of', 'base_cutoff'] -%}
                concat('timestamp ', chr(39), {{ name }}, chr(39)) as {{ name }},
                {% endfor -%}
                base_as_of is not null as has_base,
                is_repair,
                cast(base_landing as text) as base_landing
            from {{ snapshot_plan }} as plan
            order by plan.as_of
        {%- endset -%}
        {%- for row in run_query(query).rows -%}
            {%- do plans.append(
                row.dict() if row['has_base']
                else {'as_of': row['as_of'], 'data_cutoff': row['data_cutoff'], 'is_repair': row['is_repair']}
            ) -%}
        {%- endfor -%}
    {%- endif -%}
    {{ return(plans) }}
{%- endmacro %}


{% macro plans_with_base() -%}
    {{ return(planned_snapshots() | selectattr('base_as_of', 'defined') | list) }}
{%- endmacro %}


{#- The snapshots that plans are based on, or no rows where there is no snapshot yet. A relation, not a ref: what
    reads it is what snapshots are built from. -#}
{% macro former_snapshots(columns=none) -%}
    {%- set bases = plans_with_base() | map(attribute='base_as_of') | unique | list -%}
    {%- set snapshots = snapshots_table() if bases -%}
    {%- if snapshots -%}
    select {{ columns | join(', ') if columns else '*' }} from {{ snapshots }}
    where as_of in ({{ bases | join(', ') }}) and feature_version = '{{ feature_version() }}'
    {%- else -%}
    {{ no_rows(snapshot_types(columns)) }}
    {%- endif -%}
{%- endmacro %}


{% macro snapshot_types(columns) -%}
    {%- set types = {'as_of': 'timestamp', 'customer_id': 'text'} -%}
    {%- if not columns -%}
        {%- for column in state_columns() -%}
            {%- do types.update({column.name: 'timestamp'}) -%}
        {%- endfor -%}
        {%- for feature in carried_features() -%}
            {%- do types.update({feature.name: feature.data_type}) -%}
        {%- endfor -%}
    {%- endif -%}
    {{ return(types) }}
{%- endmacro %}


{#- None before there are snapshots with the columns that carry them forward. -#}
{% macro snapshots_table() -%}
    {%- set declared = relation_of_model('feature_snapshots') -%}
    {%- set relation = adapter.get_relation(declared.database, declared.schema, declared.identifier) -%}
    {%- if relation and 'last_event_at' in (adapter.get_columns_in_relation(relation) | map(attribute='name')) -%}
        {{ return(relation) }}
    {%- endif -%}
    {{ return(none) }}
{%- endmacro %}
