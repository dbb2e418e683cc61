{#- Consumers of a product: the exposures that read it, directly or through other models. -#}

{% macro consumers_of_products() -%}
    {%- set rows = [] -%}
    {%- set consumers = validated_project().consumers if execute else {} -%}
    {%- for exposure in graph.get('exposures', {}).values() | sort(attribute='name') if execute -%}
        {%- set products = [] -%}
        {%- do collect_products(exposure.depends_on.nodes, products, []) -%}
        {%- for product in products | sort -%}
            {%- do rows.append({
                'product': product, 'consumer': exposure.name, 'owner': consumers[exposure.name].owner,
                'criticality': consumers[exposure.name].criticality
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
