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


{% macro snapshot_row_text() -%}
    concat_ws(
        '|', customer_id
        {%- for feature in feature_columns() %},
        '{{ feature.name }}=' || coalesce(cast({{ feature.name }} as text), '')
        {%- endfor %}
    )
{%- endmacro %}


{% macro record_snapshots() -%}
    {%- set snapshot_plan = ref('snapshot_plan') -%}
    {%- if execute and is_any_snapshot_needed(snapshot_plan) -%}
    insert into {{ operations_table('snapshot_manifest') }}
    (
        as_of, data_cutoff, feature_version, feature_snapshot_id, customers, built_at, invocation_id, code_version,
        definitions_sha256
    )
    select
        as_of, data_cutoff, feature_version,
        {{ rows_digest(snapshot_row_text()) }} as feature_snapshot_id,
        count(*) as customers,
        {{ recorded_at() }} as built_at,
        '{{ invocation_id }}' as invocation_id,
        {{ code_version() }} as code_version,
        {{ literal(feature_definitions().definitions_sha256) }} as definitions_sha256
    from {{ this }} as snapshots
    where (as_of, data_cutoff, feature_version) in (
        select (as_of, data_cutoff, feature_version) from {{ snapshot_plan }}
    )
    group by as_of, data_cutoff, feature_version;
    {{ record_inputs('select as_of, data_cutoff, feature_version from ' ~ snapshot_plan) }};
    {{ record_definitions() }};
    {%- endif -%}
{%- endmacro %}


{% macro is_any_snapshot_needed(snapshot_plan) -%}
    {{ return(run_query('select count(*) from ' ~ snapshot_plan).columns[0].values()[0] > 0) }}
{%- endmacro %}


{% macro only_when_needed() -%}
    {%- set snapshot_plan = ref('snapshot_plan') -%}
    {%- if execute and flags.WHICH in ['build', 'run'] and not is_any_snapshot_needed(snapshot_plan) -%}
        false
    {%- else -%}
        true
    {%- endif -%}
{%- endmacro %}


{% macro counts_at_as_of(happened_at, loaded_at) -%}
    {{ happened_at }} < plan.as_of and {{ loaded_at }} < plan.data_cutoff
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


{% macro sum_of_squared_gaps(days) -%}
    {{ adapter.dispatch('sum_of_squared_gaps')(days) }}
{%- endmacro %}

{% macro default__sum_of_squared_gaps(days) -%}
    aggregate(
        sequence(2, greatest(size({{ days }}), 2)), cast(0 as bigint),
        (total, i) -> total + case when i <= size({{ days }}) then
            (element_at({{ days }}, i) - element_at({{ days }}, i - 1))
            * (element_at({{ days }}, i) - element_at({{ days }}, i - 1)) else 0 end
    )
{%- endmacro %}

{% macro duckdb__sum_of_squared_gaps(days) -%}
    list_sum(list_transform(
        range(2, len({{ days }}) + 1),
        lambda i: cast({{ days }}[i] - {{ days }}[i - 1] as bigint) * ({{ days }}[i] - {{ days }}[i - 1])
    ))
{%- endmacro %}


{% macro sorted_distinct_days(instant, condition) -%}
    {{ adapter.dispatch('sorted_distinct_days')(instant, condition) }}
{%- endmacro %}

{% macro default__sorted_distinct_days(instant, condition) -%}
    array_sort(collect_set(case when {{ condition }} then datediff(cast({{ instant }} as date), date '2000-01-01') end))
{%- endmacro %}

{% macro duckdb__sorted_distinct_days(instant, condition) -%}
    list_sort(list_distinct(
        list(cast({{ instant }} as date) - date '2000-01-01') filter (where {{ condition }})
    ))
{%- endmacro %}


{% macro month_bit(age) -%}
    cast(1 as bigint) << cast(least({{ whole_quotient('(' ~ age ~ ' - 1)', 30 * 86400000000) }}, 11) as integer)
{%- endmacro %}


{% macro feature_value(relation, feature) -%}
    {%- if feature.config.meta.get('absent') == 0 -%}
        coalesce({{ relation }}.{{ feature.name }}, 0)
    {%- else -%}
        {{ relation }}.{{ feature.name }}
    {%- endif -%}
{%- endmacro %}


{% macro features_of(model_name) -%}
    {%- set features = [] -%}
    {%- for feature in feature_columns() if feature.config.meta.computed_in == model_name -%}
        {%- do features.append(feature) -%}
    {%- endfor -%}
    {{ return(features) }}
{%- endmacro %}
