{{ config(materialized='lake_view', database='lake', schema='operations') }}

{{ contract_rows() }}
