{% set features = feature_columns() if execute else [] %}

{% for feature in features %}
{{ 'union all' if not loop.first }}
select
    '{{ feature.name }}' as name,
    {{ loop.index }} as position,
    {{ string_literal(feature.description) }} as meaning,
    {{ string_literal(tojson(feature.config.meta.wording, sort_keys=true)) }} as wording,
    '{{ feature.config.meta.unit }}' as unit,
    '{{ feature.data_type }}' as data_type,
    '{{ feature.config.meta.window }}' as "window",
    '{{ feature.config.meta.sources | join(", ") }}' as sources,
    '{{ feature.config.meta.computed_in }}' as computed_in,
    {{ feature.config.meta.online_safe }} as online_safe,
    '{{ feature_version() }}' as feature_version
{% endfor %}
{% if not features %}
select {{ typed_nulls({'name': 'text'}) }}
where false
{% endif %}
