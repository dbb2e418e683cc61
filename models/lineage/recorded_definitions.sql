-- The digest of each feature's definition as JSON, by digest of all definitions.
{{ config(materialized='ephemeral') }}
select
    definitions_sha256,
    {{ json_list_of({
        'feature': 'feature', 'definition_sha256': 'definition_sha256'
    }, 'position') }} as feature_definitions
from {{ source('operations', 'feature_definitions') }}
group by definitions_sha256
