{#- Who depends on a product: the exposures that read it, directly or through other models. -#}

{% macro consumers_of_products() -%}
    {%- set rows = [] -%}
    {%- for exposure in graph.get('exposures', {}).values() | sort(attribute='name') if execute -%}
        {%- set products = [] -%}
        {%- do collect_products(exposure.depends_on.nodes, products, []) -%}
        {%- for product in products | sort -%}
            {%- do rows.append({
                'product': product, 'consumer': exposure.name, 'owner': owner_of(exposure),
                'criticality': criticality_of(exposure)
            }) -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(rows) }}
{%- endmacro %}


{#- The folder under models/products/ that a node, or anything it is built from, lies in. -#}
{% macro collect_products(unique_ids, products, seen) -%}
    {%- for unique_id in unique_ids if unique_id not in seen -%}
        {%- do seen.append(unique_id) -%}
        {%- set node = graph.nodes.get(unique_id) -%}
        {%- if node and node.resource_type == 'model' and node.fqn[1] == 'products' -%}
            {%- if node.fqn[2] not in products -%}
                {%- do products.append(node.fqn[2]) -%}
            {%- endif -%}
        {%- elif node -%}
            {%- do collect_products(node.depends_on.nodes, products, seen) -%}
        {%- endif -%}
    {%- endfor -%}
{%- endmacro %}


{% macro criticality_of(exposure) -%}
    {%- set criticality = exposure.config.meta.get('criticality') or exposure.meta.get('criticality') -%}
    {%- if criticality not in ['low', 'medium', 'high'] -%}
        {%- do exceptions.raise_compiler_error(
            exposure.original_file_path ~ ': the exposure ' ~ exposure.name ~ ' has config.meta.criticality '
            ~ (criticality or 'missing') ~ '; expected low, medium or high: how bad it is when its predictions are late.'
        ) -%}
    {%- endif -%}
    {{ return(criticality) }}
{%- endmacro %}
