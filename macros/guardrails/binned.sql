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
