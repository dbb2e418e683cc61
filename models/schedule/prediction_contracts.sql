{{ config(materialized='view', database='lake', schema='operations') }}

{{ contract_rows() }}
