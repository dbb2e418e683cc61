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


{#- Post-hook of feature_snapshots, in its transaction, which the last statement undoes where carried features differ from
    computed ones. -#}
{% macro record_snapshots() -%}
    {%- set plans = planned_snapshots() -%}
    {%- if plans -%}
    {%- for plan in plans if plan.is_repair %}
    {{ record_repair('features.feature_snapshots', as_of=plan.as_of) }};
    {%- endfor %}
    {%- if plans | rejectattr('is_repair') | list %}
    {{ insert_into('snapshot_manifest', query_of('snapshot_records')) }};
    {%- endif %}
    {{ insert_into('snapshot_inputs', query_of('input_digests')) }};
    {{ insert_into('feature_definitions', query_of('definition_records')) }};
    select {{ raise_in_sql('message') }} from {{ query_of('carried_differences') }} as differences;
    select {{ raise_in_sql('message') }} from {{ query_of('repaired_differences') }} as differences;
    {%- endif -%}
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


{#- A double finds the whole number below, or its neighbour; whole numbers say whether it is to be rounded up. A division of
    hugeints would take seven times as long. -#}
{% macro exact_ratio(numerator, denominator, precision, decimals) -%}
    {%- set dividend = 'abs(' ~ whole_number(numerator) ~ ') * ' ~ 10 ** decimals -%}
    {%- set divisor = whole_number(denominator) -%}
    {%- set below = whole_number('floor(' ~ quotient(dividend, denominator) ~ ')') -%}
    {{ as_decimal(
        'sign(' ~ numerator ~ ') * (' ~ below ~ ' + cast(2 * (' ~ dividend ~ ' - ' ~ below ~ ' * ' ~ divisor ~ ') >= '
        ~ divisor ~ ' as integer))', precision, decimals
    ) }}
{%- endmacro %}


{#- The root of a quotient of whole numbers, in hundredths: near a half, squares of whole numbers say which side it is on. -#}
{% macro exact_stddev(count, total, total_of_squares, scale=1) -%}
    {%- set pairs = count ~ ' * (' ~ count ~ ' - 1)' -%}
    {%- set squares = count ~ ' * ' ~ total_of_squares ~ ' - ' ~ total ~ ' * ' ~ total -%}
    {%- set root = '(' ~ 100 // scale ~ ' * sqrt(' ~ quotient('(' ~ squares ~ ')', '(' ~ pairs ~ ')') ~ '))' -%}
    {%- set below = whole_number('floor(' ~ root ~ ')') -%}
    case when {{ count }} > 1 then {{ as_decimal(
        'case when abs(' ~ root ~ ' - floor(' ~ root ~ ') - 0.5) < 0.000001 then ' ~ below ~ ' + cast(' ~ 4 * (100 // scale) ** 2
        ~ ' * ' ~ whole_number(squares) ~ ' >= (2 * ' ~ below ~ ' + 1) * (2 * ' ~ below ~ ' + 1) * ' ~ pairs
        ~ ' as integer) else round(' ~ root ~ ') end', 18, 2
    ) }} end
{%- endmacro %}


{% macro whole_number(value) -%}
    cast({{ value }} as hugeint)
{%- endmacro %}


{#- A whole number of the last decimals. -#}
{% macro as_decimal(value, precision, decimals) -%}
    cast(cast({{ value }} as decimal(18, 0)) * 0.{{ '0' * (decimals - 1) }}1 as decimal({{ precision }}, {{ decimals }}))
{%- endmacro %}


{% macro month_bit(age) -%}
    cast(1 as bigint) << cast(least({{ whole_quotient('(' ~ age ~ ' - 1)', 30 * 86400000000) }}, 11) as integer)
{%- endmacro %}


{#- Days between one purchase and the next, from the sorted list of their days: 0 on the same day. -#}
{% macro day_gaps(days) -%}
    list_transform(list_zip({{ days }}[2:], {{ days }}[:-2]), lambda pair: cast(pair[1] - pair[2] as bigint))
{%- endmacro %}


{% macro day_gap_count(days) -%}
    len(list_filter({{ day_gaps(days) }}, lambda gap: gap > 0))
{%- endmacro %}


{% macro day_span(days) -%}
    ({{ days }}[-1] - {{ days }}[1])
{%- endmacro %}


{% macro squared_day_gaps(days) -%}
    list_sum(list_transform({{ day_gaps(days) }}, lambda gap: gap * gap))
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


{#- Rows of snapshot_plan, oldest first, with instants as SQL literals: constants filter rows and files while they are
    read, at a fifth of the cost of a join. -#}
{% macro planned_snapshots() -%}
    {%- set snapshot_plan = ref('snapshot_plan') -%}
    {%- set plans = [] -%}
    {%- if execute and is_built(snapshot_plan) -%}
        {%- for row in run_query('select * from ' ~ snapshot_plan ~ ' order by as_of').rows -%}
            {%- set plan = {'is_repair': row['is_repair']} -%}
            {%- for name in ['as_of', 'data_cutoff'] + (['base_as_of', 'base_cutoff'] if row['base_as_of'] else []) -%}
                {%- do plan.update({name: timestamp_literal(row[name]) | string}) -%}
            {%- endfor -%}
            {%- do plans.append(dict(plan, base_landing=row['base_landing'] | int) if row['base_as_of'] else plan) -%}
        {%- endfor -%}
    {%- endif -%}
    {{ return(plans) }}
{%- endmacro %}


{% macro plans_with_base() -%}
    {{ return(planned_snapshots() | selectattr('base_as_of', 'defined') | list) }}
{%- endmacro %}


{#- Types of the columns that a snapshot is carried forward by, for a query without rows. -#}
{% macro carried_types() -%}
    {%- set types = {'as_of': 'timestamp', 'customer_id': 'text'} -%}
    {%- for column in state_columns() -%}
        {%- do types.update({column.name: 'timestamp'}) -%}
    {%- endfor -%}
    {%- for feature in carried_features() -%}
        {%- do types.update({feature.name: feature.data_type}) -%}
    {%- endfor -%}
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
