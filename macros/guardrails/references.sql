{#- The bins of the training reference, read when the model after it compiles: as literals they cost
    one comparison each, and stay the same SQL on every engine. -#}

{% macro reference_bins(product) -%}
    {%- set bins = {} -%}
    {%- if execute and product and flags.WHICH in ['build', 'run'] -%}
        {%- set rows = run_query(
            'select model_version, kind, subject, category is not null as is_category, tenth, '
            ~ 'cast(upper_edge as text) as upper_edge from ' ~ product_ref('training_references')
            ~ ' order by model_version, kind, subject, bin, category'
        ).rows -%}
        {%- for row in rows -%}
            {%- set subject = bins.setdefault(row['model_version'], {}).setdefault(row['kind'], {}).setdefault(
                row['subject'], {'edges': [], 'tenth_edges': {}, 'is_category': row['is_category']}
            ) -%}
            {%- if row['upper_edge'] is not none -%}
                {%- do subject.edges.append(row['upper_edge']) -%}
            {%- endif -%}
            {%- do subject.tenth_edges.update({row['tenth']: row['upper_edge']}) -%}
        {%- endfor -%}
    {%- endif -%}
    {{ return(bins) }}
{%- endmacro %}


{#- The features of every version's reference that are numbers. -#}
{% macro numbers_in(bins) -%}
    {%- set features = [] -%}
    {%- for version in bins.values() -%}
        {%- for name, feature in version.get('feature', {}).items() if not feature.is_category and name not in features -%}
            {%- do features.append(name) -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(features) }}
{%- endmacro %}


{% macro bin_of_version(value, bins, kind, subject, model_version) -%}
    case
        when {{ value }} is null then null
        {%- for version in bins if subject in bins[version].get(kind, {}) %}
        when {{ model_version }} = {{ string_literal(version) }}
            then {{ bin_number(value, bins[version][kind][subject].edges) }}
        {%- endfor %}
    end
{%- endmacro %}


{#- None where the model has no reference to rank its scores by. -#}
{% macro tenth_edges(kinds) -%}
    {{ return(kinds.score.score.tenth_edges.values() | select | list if 'score' in kinds else none) }}
{%- endmacro %}


{% macro bin_number(value, edges, first=0) -%}
    {%- if edges | length <= 16 -%}
        case{% for edge in edges %} when {{ value }} <= {{ edge }} then {{ first + loop.index0 }}{% endfor %}
            {%- if edges %} else {{ first + edges | length }}{% else %} when true then {{ first }}{% endif %} end
    {%- else -%}
        {%- set middle = edges | length // 2 -%}
        case when {{ value }} <= {{ edges[middle] }}
            then {{ bin_number(value, edges[:middle], first) }}
            else {{ bin_number(value, edges[middle + 1:], first + middle + 1) }} end
    {%- endif -%}
{%- endmacro %}
