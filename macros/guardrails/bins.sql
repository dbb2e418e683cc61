{#- Values counted by the bins of the training, in the pass that counts everything else. Each model version has
    bins of its own. -#}

{% macro score_bins(kinds) -%}
    {%- set lists = [] -%}
    {%- if 'score' in kinds -%}
        {%- do lists.append({
            'kind': "'score'", 'subject': "'score'", 'customers': bin_counts('usable_score', kinds.score.score.edges)
        }) -%}
    {%- endif -%}
    {{ bin_lists(lists) }}
{%- endmacro %}


{% macro feature_bins(kinds) -%}
    {%- set lists = [] -%}
    {%- for feature, described in kinds.get('feature', {}).items() if not described.is_category -%}
        {%- do lists.append({
            'kind': "'feature'", 'subject': string_literal(feature),
            'customers': bin_counts('snapshots.' ~ feature, described.edges)
        }) -%}
    {%- endfor -%}
    {{ bin_lists(lists) }}
{%- endmacro %}


{#- Customers far beyond the largest tenth of the training: amounts in cents among amounts in units. -#}
{% macro feature_extremes(kinds) -%}
    cast([
        {%- set features = [] -%}
        {%- for feature, described in kinds.get('feature', {}).items()
            if not described.is_category and described.edges and (described.edges[-1] | float) > 0 -%}
            {%- set edge = extreme_multiple() ~ ' * ' ~ described.edges[-1] -%}
            {%- do features.append(
                "{'subject': " ~ string_literal(feature) ~ ", 'upper_edge': " ~ edge
                ~ ", 'customers': count_if(snapshots." ~ feature ~ ' > ' ~ edge ~ ')}'
            ) -%}
        {%- endfor -%}
        {{ features | join(', ') }}
    ] as struct(subject text, upper_edge double, customers bigint)[])
{%- endmacro %}


{% macro extreme_multiple() -%}
    5
{%- endmacro %}


{% macro categories_in(kinds) -%}
    {%- set categories = [] -%}
    {%- for feature, described in kinds.get('feature', {}).items() if described.is_category -%}
        {%- do categories.append(feature) -%}
    {%- endfor -%}
    {{ return(categories) }}
{%- endmacro %}


{#- The three features whose value moved over most bins of the model's training, as JSON. -#}
{% macro features_that_moved(features, bins) -%}
    {%- set moves = [] -%}
    {%- for feature in features -%}
        {%- set tenth_then = bin_of_version('snapshot_then.' ~ feature, bins, 'feature', feature, 'due_runs.model_version') -%}
        {%- set tenth_now = bin_of_version('snapshot_now.' ~ feature, bins, 'feature', feature, 'due_runs.model_version') -%}
        {%- do moves.append({
            'tenths': 'abs(coalesce(' ~ tenth_now ~ ', -1) - coalesce(' ~ tenth_then ~ ', -1))',
            'feature': "'" ~ feature ~ "'",
            'before': 'cast(snapshot_then.' ~ feature ~ ' as text)',
            'after': 'cast(snapshot_now.' ~ feature ~ ' as text)'
        }) -%}
    {%- endfor -%}
    {{ largest_records_as_json(moves, 'tenths', 3) }}
{%- endmacro %}
